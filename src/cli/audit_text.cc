#include "cli/audit_text.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/output.h"
#include "service/json_out.h"

namespace outbox::cli {
namespace {

using audit::OutboxFound;
using audit::RangeSet;
using Json = nlohmann::ordered_json;

/// Ranges that are shown; how many there are is told in any case.
constexpr std::size_t kShownMax = 100;
constexpr std::size_t kShownToPeopleMax = 5;

std::string hex(std::uint64_t session) {
  char text[17];
  std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(session));
  return text;
}

std::string ranges_text(const RangeSet& set) {
  std::string out;
  for (const auto& [from, through] : set.listed(kShownToPeopleMax)) {
    out += (out.empty() ? "" : ", ") + std::to_string(from);
    if (through != from) out += "-" + std::to_string(through);
  }
  return set.ranges() > kShownToPeopleMax ? out + ", ..." : out;
}

Json ranges_json(const RangeSet& set) {
  Json out{{"count", set.count()}, {"ranges", set.ranges()}, {"first", Json::array()}};
  for (const auto& [from, through] : set.listed(kShownMax)) out["first"].push_back({from, through});
  return out;
}

Json outbox_json(std::uint32_t id, const OutboxFound& found) {
  Json out{{"outbox", inbox::outbox_text(id)},
           {"present", found.seen.count()},
           {"highest", found.seen.last()},
           {"undecided_through", found.undecided_through},
           {"missing", ranges_json(found.missing())},
           {"doubled", found.doubled()},
           {"reordered", found.reordered()},
           {"sessions", Json::array()},
           {"partitions", Json::array()}};
  for (const auto& [session, each] : found.sessions) {
    out["sessions"].push_back({{"session", hex(session)},
                               {"present", ranges_json(each.seen)},
                               {"doubled", each.doubled},
                               {"reordered", each.reordered}});
  }
  for (const auto& [partition, chain] : found.chains) {
    out["partitions"].push_back({{"partition", partition},
                                 {"closed", chain.gaps.empty()},
                                 {"open_gaps", ranges_json(chain.gaps)}});
  }
  return out;
}

Json reckoning_json(const audit::Reckoning& reckoning) {
  return {{"dead", reckoning.dead},
          {"purged", reckoning.purged},
          {"requeued", reckoning.requeued},
          {"pending", reckoning.pending},
          {"lost", ranges_json(reckoning.lost)},
          {"beyond_tail", ranges_json(reckoning.beyond)}};
}

void add(std::string& to, std::uint64_t count, const std::string& what) {
  if (count == 0) return;
  to += (to.empty() ? "" : ", ") + std::to_string(count) + " " + what;
}

}  // namespace

const OutboxFound* AuditResult::of(std::uint32_t outbox) const {
  const auto at = found->outboxes().find(outbox);
  return at == found->outboxes().end() ? nullptr : &at->second;
}

std::string audit_for_people(const AuditResult& result) {
  std::string out;
  std::vector<std::vector<std::string>> rows{
      {"OUTBOX", "SESSION", "PRESENT", "FROM", "THROUGH", "DOUBLED", "REORDERED"}};
  for (const auto& [id, found] : result.found->outboxes()) {
    if (!result.wants(id)) continue;
    for (const auto& [session, each] : found.sessions) {
      rows.push_back({inbox::outbox_text(id), hex(session), std::to_string(each.seen.count()),
                      std::to_string(each.seen.first()), std::to_string(each.seen.last()),
                      std::to_string(each.doubled), std::to_string(each.reordered)});
    }
    const RangeSet missing = found.missing();
    const std::string name = "outbox " + inbox::outbox_text(id) + ": ";
    if (found.undecided_through > 0) {
      out += name + "up to " + std::to_string(found.undecided_through) +
             " nothing can be said: the beginning of the log was removed\n";
    }
    out += name +
           (missing.empty()
                ? "no number is missing"
                : std::to_string(missing.count()) + " are missing: " + ranges_text(missing)) +
           "\n";
    for (const auto& [partition, chain] : found.chains) {
      if (chain.gaps.empty()) continue;
      out += name + "partition " + std::to_string(partition) +
             " lacks what outbox-prev names: " + ranges_text(chain.gaps) + "\n";
    }
    if (found.open_gaps() == 0) {
      out += name + "each of " + std::to_string(found.chains.size()) +
             " partitions is closed by outbox-prev\n";
    }
  }
  if (result.reckoning) {
    const audit::Reckoning& books = *result.reckoning;
    out += "of those missing, by the outbox's books: " + std::to_string(books.dead) + " dead, " +
           std::to_string(books.purged) + " purged, " + std::to_string(books.requeued) +
           " requeued, " + std::to_string(books.pending) + " pending, " +
           std::to_string(books.lost.count()) + " lost" +
           (books.lost.empty() ? "" : ": " + ranges_text(books.lost)) + "\n";
  }
  return std::to_string(result.found->messages()) + " messages of relays, " +
         std::to_string(result.found->foreign_messages()) + " of others\n" + table(rows) + out;
}

std::string audit_for_programs(const AuditResult& result) {
  Json json{{"topic", result.topic},
            {"trouble", audit_trouble(result)},
            {"messages", result.found->messages()},
            {"foreign", result.found->foreign_messages()},
            {"outboxes", Json::array()}};
  for (const auto& [id, found] : result.found->outboxes()) {
    if (result.wants(id)) json["outboxes"].push_back(outbox_json(id, found));
  }
  if (result.reckoning) json["books"] = reckoning_json(*result.reckoning);
  return service::json_text(json) + "\n";
}

std::string audit_trouble(const AuditResult& result) {
  if (result.found->overflown()) {
    return "too scattered to decide: more than " + std::to_string(audit::kRangesMax) + " ranges";
  }
  std::uint64_t missing = 0;
  std::uint64_t reordered = 0;
  std::uint64_t gaps = 0;
  for (const auto& [id, found] : result.found->outboxes()) {
    if (!result.wants(id)) continue;
    missing += found.missing().count();
    reordered += found.reordered();
    gaps += found.open_gaps();
  }
  std::string out;
  if (result.reckoning) {
    add(out, result.reckoning->lost.count(), "lost");
    add(out, result.reckoning->beyond.count(), "above the outbox's tail");
  } else {
    add(out, missing, "missing (--dir tells which of them are dead, purged or pending)");
  }
  add(out, reordered, "reordered");
  add(out, gaps, "gaps in the chains of outbox-prev");
  return out;
}

}  // namespace outbox::cli

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "audit/topic_reader.h"
#include "cli/audit_text.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/pages.h"
#include "cli/settings.h"
#include "service/open_access.h"

namespace outbox::cli {
namespace {

using service::Scope;

struct AuditOptions {
  std::string topic;
  std::string outbox;
  bool json = false;
};

/// An outbox's books, and whose they are.
struct OwnBooks {
  std::uint32_t outbox = 0;
  audit::Books books;
};

Result<std::uint32_t> outbox_of(const std::string& text) {
  std::uint32_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, 16);
  if (error == std::errc() && inbox::outbox_text(out) == text) return out;
  return Status(Code::kInvalidArgument, "\"" + text + "\" is not an outbox id (8 hex digits)");
}

Status add_dead(service::Access& access, const std::string& topic, std::uint64_t requeued,
                audit::Books& books) {
  std::uint64_t listed = 0;
  const auto fetch = [&](Seq from, std::size_t count) {
    return access.dead_letters(topic, from, count);
  };
  const Status read = for_pages(0, kAll, fetch, [&](const std::vector<DeadLetter>& letters) {
    for (const DeadLetter& letter : letters) {
      books.dead.add(letter.entry.seq, letter.entry.seq);
      if (letter.requeued_as != 0) ++listed;
    }
    return Status();
  });
  if (!read.ok()) return read;
  books.requeued_unlisted = requeued - std::min(requeued, listed);
  return {};
}

// The positions come first: what is settled by then is in the topic, or in a list read later.
Result<OwnBooks> books_of(const service::Config& config, const std::string& topic) {
  auto access = service::open_access(config, service::Intent::kRead);
  if (!access.ok()) return access.status();
  const auto stats = (*access)->stats();
  if (!stats.ok()) return stats.status();
  const auto outbox = outbox_of(stats->outbox_id);
  if (!outbox.ok()) return outbox.status();
  OwnBooks out{*outbox, {}};
  const auto lane = std::ranges::find(stats->lanes, topic, &LaneStats::topic);
  if (lane == stats->lanes.end()) {
    return Status(Code::kNotFound, "nothing was ever appended to the topic " + topic);
  }
  out.books.head = lane->head;
  out.books.tail = lane->tail;
  out.books.pending = lane->ledger.pending;
  Status status = add_dead(**access, topic, lane->ledger.requeued, out.books);
  if (!status.ok()) return status;
  const auto purges = (*access)->purges();
  if (!purges.ok()) return purges.status();
  for (const PurgeRecord& purge : *purges) {
    if (purge.topic == topic) out.books.purged.add(purge.from, purge.through);
  }
  return out;
}

int run_audit(const Settings& settings, const AuditOptions& options) {
  const auto config = settings.load();
  if (!config.ok()) return report(config.status(), Phase::kSetup);
  AuditResult result;
  result.topic = options.topic;
  if (!options.outbox.empty()) {
    const auto outbox = outbox_of(options.outbox);
    if (!outbox.ok()) return report(outbox.status(), Phase::kSetup);
    result.only = *outbox;
  }
  std::optional<OwnBooks> own;
  if (!config->dir.empty()) {
    auto books = books_of(*config, options.topic);
    if (!books.ok()) return report(books.status(), Phase::kSetup);
    if (result.only && *result.only != books->outbox) {
      return report({Code::kInvalidArgument, "--outbox is not the one in --dir, which is " +
                                                 inbox::outbox_text(books->outbox)},
                    Phase::kSetup);
    }
    result.only = books->outbox;
    own = std::move(*books);
  }
  audit::TopicAudit found;
  result.found = &found;
  auto line = std::make_unique<ProgressLine>();
  const Status read = audit::read_topic(
      config->relay, options.topic, found,
      [&](std::uint64_t done, std::uint64_t total) { line->show(ProgressLine::bar(done, total)); });
  line.reset();
  if (!read.ok()) return report(read, Phase::kWork);
  if (own) result.reckoning = audit::reckon(result.of(own->outbox), own->books);
  const Status printed =
      print(options.json ? audit_for_programs(result) : audit_for_people(result));
  if (!printed.ok()) return report(printed, Phase::kWork);
  const std::string trouble = audit_trouble(result);
  if (trouble.empty()) return kExitOk;
  std::fprintf(stderr, "outbox-relay: %s\n", trouble.c_str());
  return kExitAudit;
}

constexpr const char* kExamples =
    "Examples:\n"
    "  outbox-relay audit --bootstrap-servers kafka1:9092 --topic orders\n"
    "  outbox-relay audit --bootstrap-servers B --topic orders --dir /var/lib/outbox\n"
    "  outbox-relay audit --bootstrap-servers B --topic orders --outbox 0a1b2c3d --json |\n"
    "      jq '.outboxes[].missing'\n"
    "Reads the topic from its beginning to the end it has now; changes nothing; also beside a\n"
    "running relay. With --dir each missing number is dead, purged, pending or lost by the\n"
    "outbox's own books. Duplicates are counted and no fault. Exit code 0: all that can be\n"
    "there is there, in order; 13: not so.";

}  // namespace

void add_audit(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("audit", "Read a topic back and tell what arrived, and what did not");
  command->footer(kExamples);
  auto options = std::make_shared<AuditOptions>();
  command->add_option("--topic", options->topic, "The topic")->type_name("TOPIC")->required();
  command->add_option("--outbox", options->outbox, "Of this outbox alone (8 hex digits)")
      ->type_name("ID");
  command->add_flag("--json", options->json, "One JSON object");
  service::Config base;
  base.log_level = "error";
  const Settings settings(*command, {Scope::kCommon, Scope::kRelay}, base,
                          Settings::Dir::kOptional);
  command->callback([&context, settings, options] {
    context.action = [settings, options] { return run_audit(settings, *options); };
  });
}

}  // namespace outbox::cli

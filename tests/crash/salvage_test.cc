#include "salvage/salvage.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include "crash/damage.h"
#include "service/message_json.h"
#include "support/files_of.h"
#include "support/newer_store.h"

// One damage to one file, and what salvage makes of it: everything is in the new outbox, in order
// and unaltered, or named as missing; the damaged directory stays as it was.
namespace outbox::test {
namespace {

namespace fs = std::filesystem;
using salvage::Fate;
using salvage::LaneReport;
using salvage::Range;

constexpr std::uint64_t kCycles = 100;
constexpr std::uint64_t kCyclesPerVictim = 50;
constexpr std::size_t kEntriesMax = 100'000;

/// The messages that were recovered of a lane, in order.
std::vector<Message> recovered(const LaneReport& lane, store::Store& store, const fs::path& to) {
  std::vector<Message> messages;
  if (lane.count(Fate::kRecovered) == 0) return messages;
  if (!lane.topic.empty()) {
    const auto entries = store.peek(lane.topic, 1, kEntriesMax);
    REQUIRE(entries.ok());
    for (const StoredEntry& entry : *entries) messages.push_back(entry.message);
    return messages;
  }
  std::ifstream in(to / lane.file);
  for (std::string line; std::getline(in, line);) {
    const auto message = service::parse_message(line, "lost");
    REQUIRE(message.ok());
    messages.push_back(*message);
  }
  return messages;
}

Seq old_number(const Message& message) {
  for (const Header& header : message.headers) {
    if (header.name != "outbox-salvaged-from") continue;
    return std::stoull(header.value->substr(header.value->rfind('/') + 1));
  }
  return 0;
}

/// One lane against what it held.
void compare(const Contents::Lane& was, const LaneReport& lane,
             const std::vector<Message>& messages, Counts& counts) {
  std::map<Seq, std::string> is;
  Seq last = 0;
  for (const Message& message : messages) {
    const Seq seq = old_number(message);
    if (seq <= last) ++counts.reordered;
    last = std::max(last, seq);
    is[seq] = message.value.value_or("");
  }
  if (is.size() != lane.count(Fate::kRecovered)) ++counts.other;
  std::map<Seq, Fate> fates;
  for (const Range& range : lane.ranges) {
    for (Seq seq = range.from; seq <= range.through; ++seq) fates[seq] = range.fate;
  }
  for (const auto& [seq, value] : was.pending) {
    const auto found = is.find(seq);
    const auto fate = fates.find(seq);
    // Above the durable tail nothing but a record itself says that there was one.
    const bool blind = fate == fates.end() && seq > was.durable_tail;
    const bool named = blind || (fate != fates.end() && fate->second == Fate::kMissing);
    if (found == is.end() && !named) ++counts.lost;
    if (found != is.end() && found->second != value) ++counts.altered;
  }
  for (const auto& [seq, value] : is) {
    if (was.pending.contains(seq)) continue;
    ++(seq < was.head ? counts.resent : counts.phantom);
  }
  std::set<Seq> letters;
  for (const auto& letter : lane.dead_letters) letters.insert(letter.seq);
  std::uint64_t letters_lost = 0;
  for (const Seq seq : was.dead) {
    if (!letters.contains(seq) && seq <= was.durable_tail) ++letters_lost;
  }
  if (letters_lost > lane.dead_letters_missing + lane.count(Fate::kMissing)) ++counts.lost;
}

struct Outcome {
  Counts counts;
  bool complete = false;
  std::uint64_t missing = 0;
};

Outcome judge_salvage(const fs::path& dir, const fs::path& to, const Contents& contents) {
  Outcome outcome;
  const auto before = files_of(dir);
  const auto report = salvage::salvage(dir, to, Rig::small_options());
  if (files_of(dir) != before) ++outcome.counts.other;
  INFO(report.status().to_string());
  REQUIRE(report.ok());
  outcome.complete = report->complete();
  outcome.missing = report->count(Fate::kMissing);
  auto store = store::Store::open(to / salvage::kOutbox, Rig::small_options());
  REQUIRE(store.ok());
  const auto stats = (*store)->stats();
  REQUIRE(stats.ok());
  if (!stats->ledger.balanced()) ++outcome.counts.other;
  for (const auto& [topic, was] : contents.lanes) {
    const auto lane =
        std::find_if(report->lanes.begin(), report->lanes.end(),
                     [&, id = was.id](const LaneReport& one) { return one.lane == id; });
    if (lane != report->lanes.end()) {
      compare(was, *lane, recovered(*lane, **store, to), outcome.counts);
    } else if (!was.pending.empty() && was.durable_tail > 0) {
      ++outcome.counts.lost;
    }
  }
  return outcome;
}

}  // namespace

TEST_CASE("salvage: what one damaged file leaves is recovered, the rest is named") {
  Campaign campaign("salvage", kCycles);
  std::unique_ptr<Victim> victim;
  std::uint64_t complete = 0;
  std::uint64_t missing = 0;
  while (campaign.next()) {
    if (victim == nullptr || campaign.seed() % kCyclesPerVictim == 0) {
      victim = std::make_unique<Victim>(Rig::small_options(), campaign.seed() / kCyclesPerVictim,
                                        Keep::kAll);
    }
    std::mt19937_64 random(campaign.seed());
    const TempDir temp;
    victim->copy_to(temp.path() / "box");
    // The first of each victim is whole, and must be recovered whole.
    const bool whole = campaign.seed() % kCyclesPerVictim == 0;
    const std::string what = whole ? "nothing" : damage(temp.path() / "box", random);
    INFO(campaign.replay() << "; " << what);
    const Outcome outcome =
        judge_salvage(temp.path() / "box", temp.path() / "saved", victim->contents());
    Counts counts = outcome.counts;
    counts.entries = victim->contents().entries;
    campaign.add(counts);
    CHECK(counts.wrong() == 0);
    if (whole) CHECK(outcome.complete);
    complete += outcome.complete ? 1 : 0;
    missing += outcome.missing;
  }
  std::cout << "salvage: " << complete << " of " << campaign.cycles() << " complete, " << missing
            << " entries named as missing\n";
}

TEST_CASE("salvage: an outbox of a newer format is refused by name, not taken for damaged") {
  const TempDir temp;
  const fs::path dir = temp.path() / "box";
  Rig rig;
  {
    auto store = store::Store::open(dir, Rig::small_options(), {});
    REQUIRE(store.ok());
    for (int i = 0; i < 5; ++i) REQUIRE(append_one(**store, rig.oracle(), "orders", 10).ok());
    const store::Progress settled{2, {{0, 1}}, {}, 0};
    REQUIRE((*store)->bury((*store)->lanes().at(0).id, 1, 0, "for the test", settled).ok());
  }
  make_newer(dir,
             GENERATE(Newer::kStore, Newer::kDurableTail, Newer::kRecords, Newer::kDeadRecords));
  const auto before = files_of(dir);
  const auto saved = salvage::salvage(dir, temp.path() / "saved", Options{});
  CHECK(saved.status().code() == Code::kUnknownVersion);
  CHECK_THAT(saved.status().message(), Catch::Contains("version 2, this program knows 1"));
  CHECK(files_of(dir) == before);
}

}  // namespace outbox::test

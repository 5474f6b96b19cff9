#include "crash/damage.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <iostream>
#include <memory>

#include "store/verify.h"

// One damage to one file at a time, and what Store::open and the reads say to it.
namespace outbox::test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kCycles = 300;
/// Damages tried on one store, before another one is made.
constexpr std::uint64_t kCyclesPerVictim = 50;

struct Case {
  const char* row;
  bool sync_tail_each_group;
  Keep keep;
  bool blind_allowed;
};

/// What verify says of it; empty: it is whole.
std::string verify_says(const fs::path& dir) {
  const auto report = store::verify(dir, Rig::small_options(), *rocksdb::Env::Default());
  if (!report.ok()) return report.status().to_string();
  return report->whole() ? "" : report->damage[0].where + ": " + report->damage[0].what;
}

}  // namespace

TEST_CASE("damage: one damaged file is never a silent loss") {
  const Case given = GENERATE(Case{"damage", false, Keep::kAll, false},
                              Case{"damage-after-power-cut", false, Keep::kSynced, true},
                              Case{"damage-tail-each-group", true, Keep::kSynced, false});
  Options options = Rig::small_options();
  options.sync_tail_each_group = given.sync_tail_each_group;
  Campaign campaign(given.row, kCycles);
  std::map<Answer, std::uint64_t> answers;
  std::unique_ptr<Victim> victim;
  while (campaign.next()) {
    // Each seed alone decides what is damaged, and on which store.
    const std::uint64_t of_victim = campaign.seed() / kCyclesPerVictim;
    if (victim == nullptr || campaign.seed() % kCyclesPerVictim == 0) {
      victim = std::make_unique<Victim>(options, of_victim, given.keep);
      const TempDir undamaged;
      victim->copy_to(undamaged.path() / "box");
      INFO(campaign.replay());
      CHECK(verify_says(undamaged.path() / "box") == "");
    }
    std::mt19937_64 random(campaign.seed());
    const TempDir temp;
    const fs::path dir = temp.path() / "box";
    victim->copy_to(dir);
    const std::string what = damage(dir, random);
    const bool called_whole = verify_says(dir).empty();
    const Verdict verdict = judge(dir, victim->contents());
    ++answers[verdict.answer];
    Counts counts = verdict.counts;
    const bool noticed = verdict.answer == Answer::kRefused || verdict.answer == Answer::kLoud;
    if (noticed && called_whole) ++counts.other;
    counts.entries = victim->contents().entries;
    campaign.add(counts);
    INFO(campaign.replay() << "; " << what << ": " << verdict.text);
    CHECK(counts.wrong() == 0);
    CHECK(verdict.answer != Answer::kSilent);
    if (!given.blind_allowed) CHECK(verdict.answer != Answer::kBlind);
  }
  std::cout << given.row << ": " << answers[Answer::kIntact] << " intact, "
            << answers[Answer::kRefused] << " refused, " << answers[Answer::kLoud]
            << " named when read, " << answers[Answer::kBlind] << " in the blind spot\n";
  if (campaign.cycles() >= kCycles) {
    CHECK(answers[Answer::kIntact] > 0);
    CHECK(answers[Answer::kRefused] > 0);
  }
}

TEST_CASE("damage: a flipped bit amid a table is no silent loss, and named by who reads it") {
  const Victim victim(Rig::small_options(), 1, Keep::kSynced);
  const auto whole = store::verify(victim.dir(), Rig::small_options(), *rocksdb::Env::Default());
  REQUIRE(whole.ok());
  std::map<Answer, int> answers;
  for (const auto& entry : fs::directory_iterator(victim.dir())) {
    if (entry.path().extension() != ".sst") continue;
    // One that a power cut left over is not looked at.
    const bool left_over = std::ranges::any_of(whole->notes, [&](const std::string& note) {
      return note.starts_with(entry.path().filename().string());
    });
    if (left_over) continue;
    const TempDir temp;
    const fs::path dir = temp.path() / "box";
    victim.copy_to(dir);
    flip_a_bit(dir / entry.path().filename(), entry.file_size() / 2);
    const std::string verified = verify_says(dir);
    const Verdict verdict = judge(dir, victim.contents());
    CAPTURE(entry.path().filename(), verified, verdict.text);
    CHECK(verified.find(entry.path().filename().string()) != std::string::npos);
    CHECK(verdict.counts.wrong() == 0);
    CHECK(verdict.answer != Answer::kSilent);
    CHECK(verdict.answer != Answer::kBlind);
    ++answers[verdict.answer];
  }
  // What is settled is not read again, and an open reads the ends of each lane: the pending entries
  // between are left, which fill some table's middle.
  CHECK(answers[Answer::kLoud] > 0);
}

}  // namespace outbox::test

#include <catch2/catch.hpp>
#include <memory>
#include <random>

#include "crash/fake_drainer.h"
#include "crash/rig.h"

// The power goes while four producers append and a drainer drains; what the
// disk shows afterwards is judged by the oracle.
namespace outbox::test {
namespace {

constexpr std::uint64_t kCycles = 300;
/// Cycles on one directory, before a new one.
constexpr std::uint64_t kCyclesPerDirectory = 15;
constexpr int kAppendsMax = 150;
constexpr std::uint64_t kChangesMax = 900;
constexpr int kMutantCyclesMax = 60;
constexpr std::uint64_t kProcessFirstOneIn = 3;

/// Opens and asks the oracle; closes, or the power goes first.
bool opens_well(Rig& rig, std::string& refusal, bool cut_power) {
  auto store = rig.open();
  if (!store.ok()) {
    refusal = store.status().to_string();
    return false;
  }
  rig.oracle().check(**store);
  if (cut_power) rig.fs().cut_power();
  return rig.oracle().violations().empty();
}

/// Opens, works until the power goes, loses what was not synced, opens again
/// and asks the oracle. False: it found something, or the store refused to
/// open. Now and then the process ends first, and the power goes while the
/// next one runs: what that one replays is not durable for having been read.
bool survives_cut(Rig& rig, std::uint64_t seed, std::string& refusal) {
  std::mt19937_64 random(seed);
  rig.fs().cut_power_at(1 + random() % kChangesMax, random());
  {
    auto store = rig.open();
    if (store.ok()) {
      work(**store, rig.oracle(), random(), kAppendsMax);
    } else if (rig.fs().powered()) {
      refusal = store.status().to_string();
      return false;
    }
    rig.fs().cut_power();
  }
  if (random() % kProcessFirstOneIn == 0) {
    rig.fs().restart_process();
    if (!opens_well(rig, refusal, true)) return false;
  }
  rig.fs().restore_power(random());
  return opens_well(rig, refusal, false);
}

}  // namespace

TEST_CASE("power cut: nothing that was OK is lost, nothing is invented, no number is reused") {
  Campaign campaign("power-cut", kCycles);
  std::unique_ptr<Rig> rig;
  std::uint64_t directory = 0;
  while (campaign.next()) {
    if (campaign.cycle() % kCyclesPerDirectory == 0) {
      rig = std::make_unique<Rig>();
      directory = campaign.cycle();
    }
    const Counts before = rig->oracle().counts();
    std::string refusal;
    const bool survived = survives_cut(*rig, campaign.seed(), refusal);
    Counts found = rig->oracle().counts() - before;
    if (!refusal.empty()) ++found.other;
    campaign.add(found);
    INFO(campaign.replay(directory));
    CAPTURE(refusal);
    for (const std::string& what : rig->oracle().violations()) UNSCOPED_INFO(what);
    REQUIRE(survived);
  }
  CHECK(campaign.counts().entries > campaign.cycles());
}

TEST_CASE("the rig catches a store that does not sync") {
  // The WAL's sync does nothing; then also the durable tail's, so that only the oracle is left.
  const std::string lying = GENERATE(std::string(".log"), std::string(""));
  CAPTURE(lying);
  bool caught = false;
  for (int cycle = 0; cycle < kMutantCyclesMax && !caught; ++cycle) {
    Rig rig;
    rig.fs().ignore_syncs(lying);
    std::string refusal;
    caught = !survives_cut(rig, base_seed() + static_cast<std::uint64_t>(cycle), refusal);
  }
  CHECK(caught);
}

TEST_CASE("power cut right after all was delivered and flushed: opens, and goes on counting") {
  const int keep = GENERATE(0, 1, 2);
  Rig rig;
  std::map<std::string, Seq> tails;
  {
    auto store = rig.open();
    REQUIRE(store.ok());
    for (int i = 0; i < 400; ++i) {
      REQUIRE(append_one(**store, rig.oracle(), "orders", 1'000).ok());
    }
    {
      FakeDrainer drainer(**store, rig.oracle(), 1);
      drainer.drain_all();
    }
    REQUIRE((*store)->sync_progress().ok());
    // More of another topic pushes the memtables out, and the filter over all of "orders".
    for (int i = 0; i < 300; ++i) {
      REQUIRE(append_one(**store, rig.oracle(), "audit", 1'000).ok());
    }
    for (const auto& lane : (*store)->lanes()) tails[lane.topic] = lane.tail;
    rig.fs().cut_power();
  }
  rig.fs().restore_power(7, static_cast<Keep>(keep));
  auto store = rig.open();
  REQUIRE(store.ok());
  rig.oracle().check(**store);
  const auto next = append_one(**store, rig.oracle(), "orders", 10);
  REQUIRE(next.ok());
  CHECK(next->seq == tails["orders"] + 1);
  for (const std::string& what : rig.oracle().violations()) FAIL_CHECK(what);
}

}  // namespace outbox::test

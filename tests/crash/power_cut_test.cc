#include <catch2/catch.hpp>
#include <iostream>
#include <random>

#include "crash/fake_drainer.h"
#include "crash/rig.h"

// The power goes while four producers append and a drainer drains; what the
// disk shows afterwards is judged by the oracle.
namespace outbox::test {
namespace {

constexpr int kCycles = 300;
/// Cycles on one directory, before a new one.
constexpr int kCyclesPerDirectory = 15;
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
  const int cycles = crash_cycles(kCycles);
  std::unique_ptr<Rig> rig;
  std::size_t oks = 0;
  for (int cycle = 0; cycle < cycles; ++cycle) {
    if (cycle % kCyclesPerDirectory == 0) {
      if (rig != nullptr) oks += rig->oracle().ok_count();
      rig = std::make_unique<Rig>();
    }
    const std::uint64_t seed = base_seed() + static_cast<std::uint64_t>(cycle);
    std::string refusal;
    const bool survived = survives_cut(*rig, seed, refusal);
    INFO("cycle " << cycle << ", base seed " << base_seed());
    CAPTURE(refusal);
    for (const std::string& what : rig->oracle().violations()) UNSCOPED_INFO(what);
    REQUIRE(survived);
  }
  oks += rig->oracle().ok_count();
  std::cout << cycles << " power cuts, " << oks << " acknowledged appends\n";
  CHECK(oks > static_cast<std::size_t>(cycles));
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

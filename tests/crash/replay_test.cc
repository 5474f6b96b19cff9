#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "crash/rig.h"

// A WAL that was written, read back after a crash of the process, and never was on disk.
namespace outbox::test {
namespace {

constexpr std::uint64_t kCycles = 40;
constexpr std::size_t kBytes = 400;
constexpr std::size_t kReadEntries = 1'000;
constexpr std::size_t kReadBytes = std::size_t{8} << 20;

/// What a relay would send now: everything that the store hands out.
std::set<Seq> sent_by_relay(store::Store& store) {
  std::set<Seq> sent;
  for (const store::LaneInfo& lane : store.lanes()) {
    const auto slab = store.read(lane.id, 1, kReadEntries, kReadBytes);
    REQUIRE(slab.ok());
    for (const store::SlabEntry& entry : (*slab)->entries()) sent.insert(entry.seq);
  }
  return sent;
}

}  // namespace

TEST_CASE("a replayed WAL that was never on disk: what is handed out outlives a power cut") {
  Campaign campaign("replayed-wal", kCycles);
  std::uint64_t replayed = 0;
  while (campaign.next()) {
    INFO(campaign.replay());
    std::mt19937_64 random(campaign.seed());
    Rig rig;
    const std::uint64_t synced = 1 + random() % 5;
    {
      auto store = rig.open();
      REQUIRE(store.ok());
      for (std::uint64_t i = 0; i < synced; ++i) {
        REQUIRE(append_one(**store, rig.oracle(), "orders", kBytes).ok());
      }
      // The write reaches the page cache, its fsync fails, the process ends.
      FsFault fault;
      fault.ops = kFsSync;
      fault.path_contains = ".log";
      rig.fs().fail(fault);
      REQUIRE_FALSE(append_one(**store, rig.oracle(), "orders", kBytes).ok());
      rig.fs().cut_power();
    }
    rig.fs().heal();
    rig.fs().restart_process();
    std::set<Seq> sent;
    {
      auto store = rig.open();
      REQUIRE(store.ok());
      sent = sent_by_relay(**store);
      replayed += sent.size() > synced ? 1 : 0;
      rig.fs().cut_power();
    }
    rig.fs().restore_power(random(), Keep::kSynced);
    auto store = rig.open();
    INFO(store.status().to_string());
    REQUIRE(store.ok());
    Counts counts;
    counts.entries = sent.size();
    const std::set<Seq> there = sent_by_relay(**store);
    for (const Seq seq : sent) counts.lost += there.contains(seq) ? 0 : 1;
    campaign.add(counts);
    CHECK(counts.lost == 0);
    // No number that was sent is given to another entry.
    const auto next = append_one(**store, rig.oracle(), "orders", kBytes);
    REQUIRE(next.ok());
    CHECK_FALSE(sent.contains(next->seq));
  }
  CHECK(replayed > 0);
}

}  // namespace outbox::test

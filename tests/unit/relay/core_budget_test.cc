#include <algorithm>
#include <catch2/catch.hpp>

#include "core_rig.h"

using namespace outbox;
using namespace outbox::relay;
using namespace outbox::relay::test;

namespace {

std::vector<std::int32_t> round_robin(std::size_t count, std::int32_t partitions) {
  std::vector<std::int32_t> placed;
  for (std::size_t i = 0; i < count; ++i) {
    placed.push_back(static_cast<std::int32_t>(i) % partitions);
  }
  return placed;
}

std::size_t out_for(const CoreRig& rig, LaneId lane, std::int32_t partition) {
  return static_cast<std::size_t>(std::ranges::count_if(
      rig.sent, [&](const Produce& p) { return p.lane == lane && p.partition == partition; }));
}

/// Delivers whatever is out but for the partition; so often.
void deliver_others(CoreRig& rig, std::int32_t dead, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    const auto next =
        std::ranges::find_if(rig.sent, [&](const Produce& p) { return p.partition != dead; });
    if (next == rig.sent.end()) return;
    rig.deliver(next->lane, next->seq);
  }
}

}  // namespace

TEST_CASE("memory: entries and bytes stay within their budgets, whatever waits") {
  CoreRig rig;
  rig.lane(1, 4);
  rig.append(1, round_robin(5'000, 4));
  rig.append_fresh(1, round_robin(5'000, 4), 2'000);
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE(!rig.sent.empty());
    rig.deliver(1, rig.sent.front().seq);
    REQUIRE(rig.core->stats().held_entries <= 64);
    REQUIRE(rig.core->stats().held_bytes <= 64'000);
  }
  CHECK(rig.progress(1).head == 10'001);
  CHECK(rig.core->stats().resent == 0);
}

TEST_CASE("what is delivered and not recorded counts as in flight: a kill sends it again") {
  CoreRig rig;
  rig.auto_durable = false;
  rig.lane(1, 4);
  rig.append(1, round_robin(500, 4));
  while (!rig.sent.empty()) {
    rig.deliver(1, rig.sent.front().seq);
    REQUIRE(rig.sent.size() + rig.unrecorded <= 64);
  }
  CHECK(rig.unrecorded > 64 - 64 / 16);
  const std::size_t reads = rig.reads.size();
  rig.after(10'000);
  CHECK(rig.reads.size() == reads);  // nor is it read again and again meanwhile
  rig.unrecorded = 0;
  rig.core->unrecorded(0);
  rig.run();
  CHECK_FALSE(rig.sent.empty());
  rig.auto_durable = true;
  rig.deliver_all();
  CHECK(rig.progress(1).head == 501);
}

TEST_CASE("an entry larger than the whole budget goes through, alone, and is not starved") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.lane(2, 2);
  rig.append(1, {0}, 500'000);
  rig.append(2, round_robin(500, 2), 1'000);
  rig.append(1, {0}, 500'000);
  bool second = false;
  for (int i = 0; i < 300 && !second; ++i) {
    REQUIRE(!rig.sent.empty());
    rig.deliver(rig.sent.front().lane, rig.sent.front().seq);
    second = out_for(rig, 1, 0) == 1 && rig.progress(1).head == 2;
  }
  CHECK(second);
  CHECK(rig.core->stats().held_entries == 1);
  rig.deliver_all();
  CHECK(rig.progress(2).head == 501);
}

TEST_CASE("a partition without a leader holds one entry, the others keep flowing past it") {
  CoreRig rig;
  rig.lane(1, 6);
  rig.leaders(1, {1, 1, 1, -1, 1, 1});
  rig.append_fresh(1, round_robin(12'000, 6));
  deliver_others(rig, 3, 20'000);
  CHECK(rig.out().empty());  // nothing is handed to a partition without a leader
  CHECK(rig.core->stats().held_entries == 1);
  CHECK(rig.lanes[1].delivered == 10'000);
  CHECK(rig.progress(1).head == 4);
  CHECK(rig.progress(1).settled_above_head == 10'000 - 3);
  CHECK(rig.state(1) == "flowing (without a leader: partition 3)");
  CHECK(rig.held_max <= 64);

  SECTION("it catches up with a cursor of its own") {
    rig.leaders(1, {1, 1, 1, 2, 1, 1});
    CHECK(rig.out() == "1/3/4");
    CHECK(rig.sent.at(0).prev == 0);
    rig.append_fresh(1, round_robin(6, 6));
    rig.deliver_all();
    CHECK(rig.progress(1).head == 12'007);
    CHECK(rig.lanes[1].delivered == 12'006);
    CHECK(rig.core->stats().resent == 0);
    CHECK(rig.core->stats().held_entries == 0);
    // It follows the main cursor again: what is fresh needs no read.
    const std::size_t reads = rig.reads.size();
    rig.append_fresh(1, {3});
    CHECK(rig.out() == "1/3/12007");
    CHECK(rig.reads.size() == reads);
  }
  SECTION("a kill in that state repeats nothing but what was in flight") {
    rig.restart();
    deliver_others(rig, 3, 20'000);
    CHECK(rig.lanes[1].delivered == 10'000);
    rig.leaders(1, {1, 1, 1, 2, 1, 1});
    rig.deliver_all();
    CHECK(rig.progress(1).head == 12'001);
    CHECK(rig.lanes[1].delivered == 12'000);
  }
}

TEST_CASE("a leader that goes takes the queued entries with it, not those in flight") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.append_fresh(1, {0, 0, 0, 0, 1});
  CHECK(rig.out() == "1/0/1 1/1/5");
  rig.leaders(1, {-1, 1});
  CHECK(rig.core->stats().held_entries == 2);
  rig.deliver(1, 5);
  rig.deliver(1, 1);
  rig.append_fresh(1, {0, 1});
  CHECK(rig.out() == "1/1/7");
  rig.leaders(1, {1, 1});
  rig.deliver_all();
  CHECK(rig.progress(1).head == 8);
  CHECK(rig.lanes[1].delivered == 7);
}

TEST_CASE("when no partition flows, nobody reads past anything") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.leaders(1, {-1, -1});
  rig.append(1, round_robin(50'000, 2));
  rig.after(60'000);
  CHECK(rig.reads.size() < 10);
  CHECK(rig.core->stats().held_entries <= 2);
  rig.leaders(1, {1, 1});
  rig.deliver_all();
  CHECK(rig.lanes[1].delivered == 50'000);
}

TEST_CASE("a partition that stands still leaves room for the others") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.lane(2, 1);
  rig.append_fresh(1, std::vector<std::int32_t>(1'000, 0));
  rig.deliver(1, 1);
  CHECK(out_for(rig, 1, 0) >= 30);
  CHECK(out_for(rig, 1, 0) <= 32);
  rig.append(1, round_robin(1'000, 2));
  rig.append(2, std::vector<std::int32_t>(500, 0));
  // Partition 0 has a leader but settles nothing from now on.
  deliver_others(rig, -1, 0);
  for (int i = 0; i < 3'000 && !(rig.lanes[2].delivered == 500); ++i) {
    rig.after(10);
    const auto next = std::ranges::find_if(rig.sent, [](const Produce& p) { return p.lane == 2; });
    if (next != rig.sent.end()) rig.deliver(2, next->seq);
  }
  CHECK(rig.lanes[2].delivered == 500);
  rig.after(3'000);
  for (int i = 0; i < 3'000 && rig.lanes[1].delivered < 501; ++i) {
    rig.after(1);
    const auto next = std::ranges::find_if(
        rig.sent, [](const Produce& p) { return p.lane == 1 && p.partition == 1; });
    if (next != rig.sent.end()) rig.deliver(1, next->seq);
  }
  CHECK(rig.lanes[1].delivered == 501);
  rig.deliver_all();
  CHECK(rig.progress(1).head == 2'001);
}

TEST_CASE("many partitions that stand still leave room to read for others") {
  CoreRig rig;
  rig.lane(1, 40);
  rig.lane(2, 1);
  rig.append(1, round_robin(4'000, 40));  // none of them is ever acknowledged
  rig.after(10'000);
  rig.append(2, std::vector<std::int32_t>(500, 0));
  for (int i = 0; i < 3'000 && rig.lanes[2].delivered < 500; ++i) {
    rig.after(10);
    const auto next = std::ranges::find_if(rig.sent, [](const Produce& p) { return p.lane == 2; });
    if (next != rig.sent.end()) rig.deliver(2, next->seq);
  }
  CHECK(rig.lanes[2].delivered == 500);
  CHECK(rig.core->stats().held_entries <= 64);
}

TEST_CASE("no more is read than there is room for") {
  CoreRig rig;
  rig.lane(1, 40);
  rig.lane(2, 1);
  rig.append(1, round_robin(4'000, 40), 1'500);  // none of them is ever acknowledged
  rig.after(10'000);
  rig.auto_read = false;
  rig.append(2, {0}, 10);
  REQUIRE_FALSE(rig.reads.empty());
  const std::size_t max = small_options().in_flight_bytes_max;
  const std::size_t free = max - rig.core->stats().held_bytes;
  REQUIRE(free < max / 16);
  CHECK(rig.reads.back().bytes_max <= free);
}

TEST_CASE("a large entry does not keep others out while those that stand still hold its room") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.lane(2, 1);
  rig.lane(3, 1);
  rig.leaders(1, {-1});
  rig.append(1, {0}, 40'000);  // of 64,000
  rig.append(2, {0}, 40'000);
  rig.after(5'000);
  rig.append(3, std::vector<std::int32_t>(500, 0));
  for (int i = 0; i < 3'000 && rig.lanes[3].delivered < 500; ++i) {
    rig.after(10);
    const auto next = std::ranges::find_if(rig.sent, [](const Produce& p) { return p.lane == 3; });
    if (next != rig.sent.end()) rig.deliver(3, next->seq);
  }
  CHECK(rig.lanes[3].delivered == 500);
  rig.leaders(1, {1});
  rig.deliver_all();
  CHECK(rig.lanes[1].delivered == 1);
  CHECK(rig.lanes[2].delivered == 1);
}

TEST_CASE("fairness: a large backlog does not starve a small one; reads are bounded") {
  CoreRig rig;
  for (LaneId id = 1; id <= 20; ++id) rig.lane(id, 2);
  rig.auto_read = false;
  rig.append(1, round_robin(10'000, 2));
  for (LaneId id = 2; id <= 20; ++id) rig.append(id, {0, 1});
  CHECK(rig.reads.size() == 4);
  std::vector<LaneId> lanes;
  for (const Read& read : rig.reads) lanes.push_back(read.lane);
  CHECK(lanes == std::vector<LaneId>{1, 2, 3, 4});  // one a lane
  rig.auto_read = true;
  for (const Read& read : std::vector<Read>(rig.reads)) {
    rig.core->read_failed(rig.now, read.lane, read.id, "busy");
  }
  rig.after(2'000);
  std::size_t until_all = 0;
  std::size_t small = 0;
  while (small < 38) {
    REQUIRE(!rig.sent.empty());
    if (rig.sent.front().lane != 1) ++small;
    rig.deliver(rig.sent.front().lane, rig.sent.front().seq);
    ++until_all;
  }
  CHECK(until_all < 300);
}

TEST_CASE("a hundred thousand idle lanes cost an event nothing") {
  CoreRig rig;
  for (LaneId id = 1; id <= 100'000; ++id) rig.bare_lane(id);
  rig.leaders(7, {1});
  rig.append_fresh(7, {0});
  rig.deliver(7, 1);
  for (int i = 0; i < 100'000; ++i) {
    rig.append_fresh(7, {0});
    rig.deliver(7, rig.sent.front().seq);
  }
  CHECK(rig.lanes[7].delivered == 100'001);
}

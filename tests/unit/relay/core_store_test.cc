#include <catch2/catch.hpp>

#include "core_rig.h"

using namespace outbox;
using namespace outbox::relay;
using namespace outbox::relay::test;
using kafka::Action;

TEST_CASE("while a dead letter is being written, the store is told of no older progress") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.append_fresh(1, {0, 1, 0, 1});
  rig.fail(1, 1, Action::kVerdict);
  rig.after(1'000);
  CHECK(rig.out() == "1/0/1? 1/1/2?");
  rig.auto_bury = false;
  rig.fail(1, 1, Action::kVerdict);
  REQUIRE(rig.buries.size() == 1);
  rig.deliver(1, 2);
  CHECK(rig.lanes[1].delivered == 0);
  CHECK(rig.progress(1).through.empty());
  rig.lanes[1].progress = rig.buries.at(0).progress;
  rig.core->buried(rig.now, 1, 1, true);
  rig.run();
  CHECK(rig.lanes[1].delivered == 1);
  CHECK(rig.progress(1).head == 3);
}

TEST_CASE("a dead letter that cannot be written holds up its partition, not the progress") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.append_fresh(1, {0, 1, 0, 1});
  rig.fail(1, 1, Action::kVerdict);
  rig.after(1'000);
  rig.auto_bury = false;
  rig.fail(1, 1, Action::kVerdict);
  rig.deliver(1, 2);
  rig.core->buried(rig.now, 1, 1, false);
  rig.run();
  CHECK(rig.lanes[1].delivered == 1);
  CHECK(rig.progress(1).through.at(1) == 2);
  rig.after(1'000);
  REQUIRE(rig.buries.size() == 2);
  CHECK(rig.buries.at(1).progress.through.at(1) == 2);
  CHECK(rig.buries.at(1).progress.head == 3);
}

TEST_CASE("a lane with a suspect stays on the probe until that entry is settled") {
  CoreRig rig;
  rig.lane(1, 2);
  std::vector<std::int32_t> placed(40, 1);
  placed[0] = 0;
  rig.append(1, placed);
  rig.fail(1, 1, Action::kVerdict);
  rig.after(1'000);
  rig.leaders(1, {-1, 1});  // the suspect's partition waits
  rig.report(1, 1, Outcome::kPurged);
  for (int i = 0; i < 30; ++i) {
    REQUIRE(rig.sent.size() == 1);
    CHECK(rig.sent.at(0).channel == Channel::kProbe);
    rig.deliver(1, rig.sent.at(0).seq);
  }
  rig.leaders(1, {1, 1});
  rig.deliver_all();
  CHECK(rig.progress(1).head == 41);
  CHECK(rig.state(1) == "flowing");
}

TEST_CASE("an unknown partition is tried again on main during its grace") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.append_fresh(1, {0});
  rig.fail(1, 1, Action::kUnknownPartition);
  rig.after(1'000);
  CHECK(rig.out() == "1/0/1");
}

TEST_CASE("a producer is asked for once, however many reports say so") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.append_fresh(1, {0, 1, 0, 0, 0});
  rig.deliver(1, 1);
  rig.auto_ready = false;
  rig.report(1, 3, Outcome::kNoOffset);
  rig.report(1, 4, Outcome::kNoOffset);
  rig.report(1, 2, Outcome::kNoOffset);
  rig.fatal(Channel::kMain);
  rig.after(60'000);
  CHECK(rig.opens.size() == 2);
  rig.make_ready();
  CHECK(rig.rebuilds("implicit ack") == 1);
  CHECK(rig.rebuilds("fatal") == 0);
}

TEST_CASE("partitions that are behind share a read, each from where it stopped") {
  CoreRig rig;
  rig.lane(1, 3);
  rig.leaders(1, {-1, -1, 1});
  std::vector<std::int32_t> placed;
  for (int i = 0; i < 600; ++i) placed.push_back(i % 3);
  rig.append(1, placed);
  for (int i = 0; i < 200; ++i) {
    REQUIRE(rig.sent.size() >= 1);
    rig.deliver(1, rig.sent.front().seq);
  }
  CHECK(rig.lanes[1].delivered == 200);
  rig.leaders(1, {1, -1, 1});
  for (int i = 0; i < 50; ++i) rig.deliver(1, rig.sent.front().seq);
  rig.leaders(1, {1, 1, 1});
  std::map<std::int32_t, Seq> last;
  while (!rig.sent.empty()) {
    const Produce p = rig.sent.front();
    CHECK(p.seq > last[p.partition]);
    last[p.partition] = p.seq;
    rig.deliver(1, p.seq);
    REQUIRE(rig.core->stats().held_entries <= 64);
  }
  CHECK(rig.progress(1).head == 601);
  CHECK(rig.lanes[1].delivered == 600);
  CHECK(rig.core->stats().resent == 0);
}

TEST_CASE("the watchdog's time starts with the connection") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.append_fresh(1, {0});
  rig.core->connected(rig.now, false);
  rig.after(119'000);
  rig.core->connected(rig.now, true);
  rig.after(60'000);
  CHECK(rig.rebuilds("watchdog") == 0);
  rig.after(62'000);
  CHECK(rig.rebuilds("watchdog") == 1);
}

TEST_CASE("a large entry of a partition that is behind is not passed by a small one") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.leaders(1, {-1, 1});
  rig.append_fresh(1, {0, 1});      // 1 is held, 2 is out
  rig.append_fresh(1, {0}, 3'000);  // 3: read past
  rig.append_fresh(1, {0});         // 4: so is this one
  rig.deliver(1, 2);
  rig.auto_read = false;
  rig.leaders(1, {1, 1});
  const Read read = rig.reads.back();
  CHECK(read.from == 3);
  rig.append_fresh(1, {1}, 61'500);  // 5: no room for 3 beside it, but for 4
  rig.auto_read = true;
  rig.answer(read);
  rig.run();
  CHECK(rig.out() == "1/0/1 1/1/5");
  rig.deliver(1, 1);
  CHECK(rig.out() == "1/1/5");
  rig.deliver_all();
  CHECK(rig.progress(1).head == 6);
  CHECK(rig.lanes[1].delivered == 5);
}

TEST_CASE("nothing is read for a partition that is behind and stands still") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.leaders(1, {-1, 1});
  std::vector<std::int32_t> placed(300, 0);
  placed[299] = 1;
  rig.append(1, placed);
  rig.deliver(1, 300);
  rig.auto_read = false;
  rig.leaders(1, {1, 1});
  const std::size_t reads = rig.reads.size();
  rig.after(3'000);
  rig.auto_read = true;
  rig.answer(rig.reads.back());
  for (int i = 0; i < 100; ++i) rig.after(100);
  CHECK(rig.out() == "1/0/1");
  CHECK(rig.reads.size() == reads);
  rig.deliver_all();
  CHECK(rig.progress(1).head == 301);
}

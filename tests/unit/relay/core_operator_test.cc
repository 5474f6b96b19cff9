#include <catch2/catch.hpp>

#include "core_rig.h"

using namespace outbox;
using namespace outbox::relay;
using namespace outbox::relay::test;

TEST_CASE("pause holds a lane, resume lets it go on") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.append_fresh(1, {0, 0, 0});
  rig.core->pause(rig.now, 1);
  rig.run();
  rig.deliver(1, 1);
  CHECK(rig.out().empty());
  CHECK(rig.state(1) == "paused");
  CHECK(rig.core->stats().held_entries == 0);
  rig.append_fresh(1, {0});
  rig.core->resume(rig.now, 1);
  rig.run();
  rig.deliver_all();
  CHECK(rig.progress(1).head == 5);
}

TEST_CASE("purge waits for what is in flight, and counts what is given up exactly") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.append_fresh(1, {0, 1, 1, 0, 1, 0, 0, 1});
  rig.deliver(1, 2);
  rig.deliver(1, 3);  // 5 and 8 are out now, and 1
  rig.auto_purge = false;

  SECTION("all") {
    CHECK(rig.core->purge(rig.now, 1, 0));
    CHECK_FALSE(rig.core->purge(rig.now, 1, 0));
    rig.run();
    rig.append_fresh(1, {1});
    CHECK(rig.purges.empty());
    rig.deliver(1, 5);
    rig.deliver(1, 1);
    rig.report(1, 8, Outcome::kPurged);
    REQUIRE(rig.purges.size() == 1);
    const Purged& purge = rig.purges.at(0);
    CHECK(purge.from == 4);
    CHECK(purge.through == 9);
    CHECK(purge.count == 5);  // 4, 6, 7, 8, 9
    CHECK(purge.progress.head == 10);
    CHECK(purge.progress.settled_above_head == 0);
    CHECK_FALSE(rig.core->cancel_purge(rig.now, 1));
    CHECK(rig.out().empty());
    rig.core->purge_recorded(rig.now, 1, true);
    rig.run();
    rig.append_fresh(1, {0});
    rig.deliver_all();
    CHECK(rig.progress(1).head == 11);
    CHECK(rig.lanes[1].delivered == 5);
  }
  SECTION("some, with entries above that are settled") {
    rig.deliver(1, 5);
    CHECK(rig.core->purge(rig.now, 1, 4));
    rig.run();
    rig.deliver(1, 8);
    rig.report(1, 1, Outcome::kPurged);
    REQUIRE(rig.purges.size() == 1);
    const Purged& purge = rig.purges.at(0);
    CHECK(purge.from == 1);
    CHECK(purge.through == 4);
    CHECK(purge.count == 2);  // 1, 4
    CHECK(purge.progress.head == 5);
    CHECK(purge.progress.settled_above_head == 2);  // 5, 8
    rig.core->purge_recorded(rig.now, 1, true);
    rig.run();
    CHECK(rig.out() == "1/0/6");
    rig.deliver_all();
    CHECK(rig.progress(1).head == 9);
    CHECK(rig.lanes[1].delivered == 6);
  }
  SECTION("the store cannot record it: nothing is given up") {
    CHECK(rig.core->purge(rig.now, 1, 0));
    rig.run();
    while (!rig.sent.empty()) rig.report(1, rig.sent.front().seq, Outcome::kPurged);
    rig.core->purge_recorded(rig.now, 1, false);
    rig.run();
    rig.deliver_all();
    CHECK(rig.lanes[1].delivered == 8);
  }
  SECTION("cancelled") {
    CHECK(rig.core->purge(rig.now, 1, 0));
    rig.run();
    CHECK(rig.core->cancel_purge(rig.now, 1));
    rig.run();
    rig.deliver_all();
    CHECK(rig.lanes[1].delivered == 8);
    CHECK(rig.purges.empty());
  }
  SECTION("nothing there") {
    rig.deliver_all();
    CHECK(rig.core->purge(rig.now, 1, 5));
    rig.run();
    CHECK(rig.purges.at(0).count == 0);
    rig.core->purge_recorded(rig.now, 1, true);
    CHECK(rig.core->progress(1).head == 9);
  }
}

TEST_CASE("purge of a lane that never flowed: a mistyped topic") {
  CoreRig rig;
  rig.bare_lane(1);
  rig.append(1, {0, 0, 0});
  CHECK(rig.core->purge(rig.now, 1, 2));
  rig.run();
  REQUIRE(rig.purges.size() == 1);
  CHECK(rig.purges.at(0).count == 2);
  CHECK(rig.progress(1).head == 3);
}

TEST_CASE("the same events give the same commands") {
  const auto run = [](std::uint64_t seed) {
    CoreOptions options = small_options();
    options.seed = seed;
    CoreRig rig(options);
    rig.lane(1, 1);
    rig.append_fresh(1, {0, 0});
    std::string trace;
    for (int i = 0; i < 20; ++i) {
      while (rig.sent.empty()) rig.after(10);
      trace += std::to_string(rig.now) + " " + rig.out() + "\n";
      rig.fail(1, 1, kafka::Action::kStall);
    }
    return trace;
  };
  CHECK(run(3) == run(3));
  CHECK(run(3) != run(4));
}

#include <catch2/catch.hpp>

#include "core_rig.h"

using namespace outbox;
using namespace outbox::relay;
using namespace outbox::relay::test;
using kafka::Action;

namespace {

/// Lane 1 with entry 1 delivered and 2.. out; lane 2 with one entry out.
void two_lanes(CoreRig& rig) {
  rig.lane(1, 1);
  rig.lane(2, 1);
  rig.append_fresh(1, std::vector<std::int32_t>(6, 0));
  rig.deliver(1, 1);
  rig.append_fresh(2, {0, 0});
}

}  // namespace

TEST_CASE("a verdict on main counts for nobody: one rebuild, and the lane is probed") {
  CoreRig rig;
  two_lanes(rig);
  rig.fail(1, 2, Action::kVerdict, "too large");
  rig.after(1'000);
  CHECK(rig.buries.empty());
  CHECK(rig.rebuilds("verdict") == 1);
  CHECK(rig.out() == "2/0/1 1/0/2?");  // one at a time, through the probe
  CHECK(rig.state(1).starts_with("probing: too large"));

  SECTION("innocent after all") {
    rig.deliver_all();
    CHECK(rig.buries.empty());
    CHECK(rig.progress(1).head == 7);
  }
  SECTION("alone, it is dead; nothing behind it before the store says so") {
    rig.auto_bury = false;
    rig.fail(1, 2, Action::kVerdict, "too large");
    rig.after(5'000);
    REQUIRE(rig.buries.size() == 1);
    CHECK(rig.out() == "2/0/1");
    CHECK(rig.buries.at(0).seq == 2);
    CHECK(rig.buries.at(0).progress.head == 3);
    CHECK(rig.buries.at(0).progress.through.at(0) == 2);
    CHECK(rig.buries.at(0).progress.last_delivered.at(0) == 1);
    CHECK(rig.progress(1).head == 2);

    rig.core->buried(rig.now, 1, 2, false);
    rig.run();
    CHECK(rig.out() == "2/0/1");
    rig.after(2'000);
    REQUIRE(rig.buries.size() == 2);

    rig.core->buried(rig.now, 1, 2, true);
    rig.run();
    CHECK(rig.deaths == std::vector<std::string>{"too large"});
    CHECK(rig.out() == "2/0/1 1/0/3?");
    CHECK(rig.sent.back().prev == 1);  // the dead one is no link of the chain
    rig.deliver_all();
    CHECK(rig.progress(1).head == 7);
    CHECK(rig.progress(1).last_delivered.empty());
    CHECK(rig.core->stats().dead == 1);
    CHECK(rig.lanes[1].delivered == 5);
    CHECK(rig.rebuilds("verdict") == 1);
  }
}

TEST_CASE("the chain stays closed when the relay restarts behind a dead letter") {
  CoreRig rig;
  two_lanes(rig);
  rig.fail(1, 2, Action::kVerdict);
  rig.after(1'000);
  rig.fail(1, 2, Action::kVerdict);
  CHECK(rig.out().ends_with("1/0/3?"));
  rig.restart();
  CHECK(rig.take(1, 3).prev == 1);
}

TEST_CASE("a clean lane goes back to the main producer, the probe is closed; twice the patience") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.append(1, std::vector<std::int32_t>(60, 0));
  const auto deliveries_until_main = [&rig] {
    int deliveries = 0;
    for (; rig.sent.at(0).channel == Channel::kProbe; ++deliveries) {
      rig.deliver(1, rig.sent.at(0).seq);
    }
    return deliveries;
  };
  rig.fail(1, 1, Action::kVerdict);
  rig.after(1'000);
  CHECK(deliveries_until_main() == 8);
  CHECK(rig.closes == 1);
  CHECK(rig.state(1) == "flowing");
  rig.fail(1, 9, Action::kVerdict);
  rig.after(1'000);
  CHECK(deliveries_until_main() == 16);
  rig.deliver_all();
  CHECK(rig.lanes[1].delivered == 60);
}

TEST_CASE("policy halt: the lane stops with a name, others flow, accept tries again") {
  CoreOptions options = small_options();
  options.poison_policy = PoisonPolicy::kHaltLane;
  CoreRig rig(options);
  two_lanes(rig);
  rig.fail(1, 2, Action::kVerdict, "too large");
  rig.after(1'000);
  rig.fail(1, 2, Action::kVerdict, "too large");
  rig.after(100'000);
  CHECK(rig.buries.empty());
  CHECK(rig.state(1) == "halted: too large (partition 0, entry 2)");
  CHECK(rig.out() == "2/0/1");
  CHECK(rig.core->stats().held_entries == 2);  // the halted lane holds nothing
  CHECK(rig.core->accept(rig.now, 1));
  CHECK_FALSE(rig.core->accept(rig.now, 2));
  rig.run();
  CHECK(rig.out() == "2/0/1 1/0/2?");
  rig.deliver_all();
  CHECK(rig.progress(1).head == 7);
}

TEST_CASE("a lane is never in both channels") {
  CoreRig rig;
  two_lanes(rig);
  rig.auto_ready = false;
  rig.fail(1, 3, Action::kVerdict);
  rig.after(5'000);
  // Main is asked for anew; 2, 4, 5, 6 are still out there, and no probe is needed yet.
  CHECK(rig.out() == "1/0/2 1/0/4 1/0/5 1/0/6 2/0/1");
  for (const Seq seq : {2, 4, 5, 6}) rig.report(1, seq, Outcome::kPurged);
  CHECK(rig.opens.back().channel == Channel::kProbe);
  rig.make_ready();
  CHECK(rig.out() == "2/0/1 1/0/2?");
}

TEST_CASE("stall: others flow, ever rarer tries through the probe, heals by itself") {
  CoreRig rig;
  two_lanes(rig);
  rig.fail(1, 2, Action::kStall, "TOPIC_AUTHORIZATION_FAILED");
  CHECK(rig.rebuilds("stall") == 1);
  CHECK(rig.state(1).starts_with("stalled: TOPIC_AUTHORIZATION_FAILED"));
  std::vector<std::int64_t> gaps;
  for (int i = 0; i < 9; ++i) {
    const std::int64_t from = rig.now;
    while (rig.out().find("?") == std::string::npos) {
      REQUIRE(rig.now - from < 70'000);
      rig.after(100);
    }
    CHECK(rig.out() == "2/0/1 1/0/2?");
    gaps.push_back(rig.now - from);
    rig.fail(1, 2, Action::kStall, "TOPIC_AUTHORIZATION_FAILED");
    rig.fatal(Channel::kProbe);
  }
  CHECK(gaps.at(0) >= 500);
  CHECK(gaps.at(0) <= 1'200);
  CHECK(gaps.at(8) >= 30'000);
  CHECK(rig.rebuilds("stall") == 1);  // the others see one rebuild, whatever comes
  rig.deliver(2, 1);
  rig.append_fresh(2, {0});
  rig.deliver(2, 2);
  rig.deliver(2, 3);
  while (rig.sent.empty()) rig.after(1'000);
  rig.deliver(1, 2);
  CHECK(rig.state(1).starts_with("probing"));
  rig.deliver_all();
  CHECK(rig.progress(1).head == 7);
}

TEST_CASE("a stalled lane holds no memory between its tries") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.append_fresh(1, std::vector<std::int32_t>(20, 0));
  rig.fail(1, 1, Action::kStall);
  CHECK(rig.core->stats().held_entries == 0);
}

TEST_CASE("unknown topic: retried for a grace, then stalled") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.append_fresh(1, {0});
  const std::int64_t from = rig.now;
  while (rig.now - from < 55'000) {
    while (rig.sent.empty()) rig.after(1'000);
    CHECK(rig.out() == "1/0/1");
    rig.fail(1, 1, Action::kUnknownTopic, "UNKNOWN_TOPIC");
    CHECK(rig.state(1) == "flowing");
  }
  rig.after(10'000);
  rig.fail(1, 1, Action::kUnknownTopic, "UNKNOWN_TOPIC");
  CHECK(rig.state(1).starts_with("stalled: UNKNOWN_TOPIC"));
  CHECK(rig.rebuilds("stall") == 0);
  while (rig.sent.empty()) rig.after(1'000);
  CHECK(rig.out() == "1/0/1?");
  rig.deliver(1, 1);
  CHECK(rig.state(1) == "flowing");
}

TEST_CASE("unknown partition that the topic has: a new producer after the grace, no verdict") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.append_fresh(1, {0});
  const std::int64_t from = rig.now;
  const auto refuse_until = [&](std::int64_t ms) {
    while (rig.now - from < ms) {
      rig.after(500);
      if (!rig.sent.empty()) rig.fail(1, 1, Action::kUnknownPartition, "no such partition");
    }
  };
  refuse_until(58'000);
  CHECK(rig.rebuilds("old metadata") == 0);
  refuse_until(300'000);
  CHECK(rig.rebuilds("old metadata") >= 1);
  CHECK(rig.rebuilds("old metadata") <= 4);  // each has its own grace
  CHECK(rig.buries.empty());
  while (rig.sent.empty()) rig.after(500);
  rig.deliver(1, 1);
  CHECK(rig.progress(1).head == 2);
}

TEST_CASE("unknown partition, and a broker that lags shows fewer: no verdict of either") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.append_fresh(1, {1});
  const std::int64_t from = rig.now;
  while (rig.now - from < 58'000) {
    rig.after(500);
    if (!rig.sent.empty()) rig.fail(1, 1, Action::kUnknownPartition, "no such partition");
  }
  while (rig.sent.empty()) rig.after(500);
  rig.after(5'000);
  rig.leaders(1, {1});
  rig.fail(1, 1, Action::kUnknownPartition, "no such partition");
  rig.leaders(1, {1, 1});
  CHECK(rig.state(1) == "flowing");
}

TEST_CASE("entries for a partition that the topic lacks are dead after the grace") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.append_fresh(1, {0, 9, 1, 9, 1'000'000, 0});
  rig.deliver_all();
  CHECK(rig.progress(1).head == 2);
  rig.after(59'000);
  CHECK(rig.buries.empty());
  rig.after(2'000);
  CHECK(rig.deaths.size() == 3);
  CHECK(rig.deaths.at(0) == "the topic has no partition 9 (it has 2)");
  CHECK(rig.progress(1).head == 7);
  CHECK(rig.progress(1).through.count(9) == 0);  // nothing is remembered of it
  CHECK(rig.lanes[1].delivered == 3);
}

TEST_CASE("a partition that comes in time gets its entries") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.append_fresh(1, {0, 2, 2});
  rig.after(30'000);
  rig.leaders(1, {1, 1, 1});
  rig.deliver_all();
  CHECK(rig.buries.empty());
  CHECK(rig.progress(1).head == 4);
}

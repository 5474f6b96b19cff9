#include <catch2/catch.hpp>

#include "core_rig.h"
#include "relay/limits.h"

using namespace outbox;
using namespace outbox::relay;
using namespace outbox::relay::test;
using kafka::Action;

namespace {

/// Gets partition 0 of lane 1 past its slow start: entry 1 is settled, 2.. are out.
void warm_up(CoreRig& rig) {
  rig.append_fresh(1, {0, 0, 0, 0});
  rig.deliver(1, 1);
}

}  // namespace

TEST_CASE("a success without an offset is no delivery: rebuild and re-send") {
  CoreRig rig;
  rig.lane(1, 1);
  warm_up(rig);
  rig.auto_ready = false;
  rig.report(1, 2, Outcome::kNoOffset);
  CHECK(rig.opens.back().reason == "implicit ack");
  CHECK(rig.opens.back().drain);
  rig.deliver(1, 3);
  rig.deliver(1, 4);
  CHECK(rig.progress(1).head == 2);  // they came after one that is in doubt
  CHECK(rig.out().empty());
  rig.make_ready();
  CHECK(rig.rebuilds("implicit ack") == 1);
  CHECK(rig.out() == "1/0/2");
  rig.deliver_all();
  CHECK(rig.progress(1).head == 5);
  CHECK(rig.lanes[1].delivered == 4);
  CHECK(rig.core->stats().resent == 3);
}

TEST_CASE("an offset below 0 counts as none, whatever the driver calls it") {
  CoreRig rig;
  rig.lane(1, 1);
  warm_up(rig);
  rig.deliver(1, 2, -1001);
  CHECK(rig.progress(1).head == 2);
  CHECK(rig.rebuilds("implicit ack") == 1);
}

TEST_CASE("an offset that goes back is an alarm: Kafka lost what it had confirmed") {
  CoreRig rig;
  rig.lane(1, 2);
  warm_up(rig);
  rig.deliver(1, 2, 41);
  rig.append_fresh(1, {1});
  rig.deliver(1, 5, 7);  // of another partition
  rig.deliver(1, 3, 42);
  CHECK(rig.core->stats().offsets_back == 0);
  rig.deliver(1, 4, 42);
  CHECK(rig.core->stats().offsets_back == 1);
  CHECK(rig.core->stats().alarms == 1);
  REQUIRE_FALSE(rig.notes.empty());
  CHECK(rig.notes.back().alarm);
  CHECK(rig.notes.back().text.find(
            "partition 0: entry 4 came to offset 42, an earlier one to 42") == 0);
  CHECK(rig.notes.back().text.ends_with("kcat -C -t TOPIC -p 0 -f '%o %h\\n' -o 41 -c 2"));
  CHECK(rig.progress(1).head == 6);  // it is delivered nevertheless
  rig.append_fresh(1, {0, 0});
  rig.deliver(1, 6, 43);
  CHECK(rig.core->stats().offsets_back == 1);
  rig.deliver(1, 7, 0);
  CHECK(rig.core->stats().offsets_back == 2);
  CHECK(rig.notes.back().text.ends_with("kcat -C -t TOPIC -p 0 -f '%o %h\\n' -o 0 -c 1"));
}

TEST_CASE("nothing is handed to a producer that is being made anew") {
  CoreRig rig;
  rig.lane(1, 1);
  warm_up(rig);
  rig.auto_ready = false;
  rig.fatal(Channel::kMain);
  rig.append_fresh(1, {0});
  rig.after(1'000);
  CHECK(rig.out() == "1/0/2 1/0/3 1/0/4");  // to the old one
  rig.make_ready();
  CHECK(rig.out() == "1/0/2");
  CHECK(rig.sent.at(0).generation == 2);
}

TEST_CASE("second rebuild at an unchanged head: one request in flight until it moves") {
  CoreRig rig;
  rig.lane(1, 1);
  warm_up(rig);
  rig.report(1, 2, Outcome::kNoOffset);
  rig.after(1'000);
  CHECK(rig.opens.back().max_in_flight_requests == 5);
  rig.report(1, 2, Outcome::kNoOffset);
  rig.after(1'000);
  CHECK(rig.opens.back().max_in_flight_requests == 1);
  rig.deliver_all();
  rig.after(2'000);
  CHECK(rig.rebuilds("pipelining again") == 1);
  CHECK(rig.opens.back().max_in_flight_requests == 5);
}

TEST_CASE("a lane that sends nothing keeps no other to one request in flight") {
  CoreRig rig;
  rig.lane(1, 1);
  warm_up(rig);
  rig.report(1, 2, Outcome::kNoOffset);
  rig.after(1'000);
  rig.core->pause(rig.now, 1);
  rig.report(1, 2, Outcome::kNoOffset);
  rig.after(1'000);
  CHECK(rig.core->stats().held_entries == 0);
  CHECK(rig.opens.back().max_in_flight_requests == 5);
  rig.core->resume(rig.now, 1);
  rig.after(1'000);
  CHECK(rig.out() == "1/0/2");
}

TEST_CASE("old entries go with one request in flight, for brokers forget their producer") {
  CoreRig rig;
  rig.lane(1, 1);
  warm_up(rig);
  rig.deliver_all();
  rig.auto_ready = false;
  rig.age_ms = CoreOptions().old_after_ms;
  rig.append_fresh(1, {0, 0});
  CHECK(rig.out().empty());
  CHECK(rig.opens.back().reason == "old entries");
  CHECK(rig.opens.back().max_in_flight_requests == 1);
  rig.make_ready();
  CHECK(rig.rebuilds("old entries") == 1);
  CHECK(rig.out() == "1/0/5");
  rig.auto_ready = true;
  rig.deliver_all();
  rig.age_ms = 0;
  rig.after(kSerialOldMs - 1);
  rig.append_fresh(1, {0});
  rig.after(kTickMs);
  CHECK(rig.rebuilds("old entries") == 1);
  CHECK(rig.rebuilds("pipelining again") == 0);
  rig.after(kSerialMs + kTickMs);
  rig.deliver_all();
  rig.append_fresh(1, {0});
  rig.after(kTickMs);
  CHECK(rig.rebuilds("pipelining again") == 1);
  CHECK(rig.opens.back().max_in_flight_requests == 5);
}

TEST_CASE("an entry that waits until it is old is not pipelined either") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.leaders(1, {-1});
  rig.append_fresh(1, {0, 0});
  rig.after(CoreOptions().old_after_ms);
  rig.leaders(1, {1});
  CHECK(rig.opens.back().max_in_flight_requests == 1);
  CHECK(rig.out() == "1/0/1");
}

TEST_CASE("third rebuild at an unchanged head: to the probe, with an alarm") {
  CoreRig rig;
  rig.lane(1, 1);
  warm_up(rig);
  for (int i = 0; i < 3; ++i) {
    CHECK(rig.core->stats().alarms == 0);
    rig.report(1, 2, Outcome::kNoOffset);
    rig.after(2'000);
  }
  CHECK(rig.core->stats().alarms == 1);
  CHECK(rig.out() == "1/0/2?");
  CHECK(rig.state(1).starts_with("probing"));
  rig.deliver_all();
  CHECK(rig.progress(1).head == 5);
}

TEST_CASE("a head that moves between rebuilds is no repeated trouble") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.append_fresh(1, std::vector<std::int32_t>(12, 0));
  rig.deliver(1, 1);
  for (Seq seq = 2; seq < 8; ++seq) {
    rig.report(1, seq, Outcome::kNoOffset);
    rig.after(1'000);
    rig.deliver(1, seq);
  }
  CHECK(rig.opens.back().max_in_flight_requests == 5);
  CHECK(rig.core->stats().alarms == 0);
}

TEST_CASE("fatal: one rebuild, whatever reports follow; rebuilds without a delivery wait") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.append_fresh(1, {0, 1, 0, 1});
  rig.deliver(1, 1);
  rig.deliver(1, 2);
  rig.auto_ready = false;
  rig.fatal(Channel::kMain);
  rig.fail(1, 3, Action::kRebuild, "fatal", true);
  rig.report(1, 4, Outcome::kPurged);
  CHECK(rig.opens.size() == 2);
  CHECK_FALSE(rig.opens.back().drain);
  rig.make_ready();
  CHECK(rig.out() == "1/0/3 1/1/4");
  rig.fatal(Channel::kMain);
  CHECK(rig.opens.size() == 2);  // not at once
  rig.after(1'000);
  CHECK(rig.opens.size() == 3);
}

TEST_CASE("a rebuild is counted under what made the producer fatal, told before or after") {
  const bool before = GENERATE(true, false);
  const auto [action, reason] = GENERATE(table<Action, std::string>({{Action::kStall, "stall"},
                                                                     {Action::kVerdict, "verdict"},
                                                                     {Action::kRebuild, "error"},
                                                                     {Action::kRetry, "fatal"}}));
  CoreRig rig;
  rig.lane(1, 1);
  warm_up(rig);
  rig.auto_ready = false;
  if (before) rig.fail(1, 2, action, "why", false);
  rig.core->producer_fatal(rig.now, Channel::kMain, rig.opens.front().generation, Action::kRebuild,
                           "fatal");
  rig.run();
  if (!before) rig.fail(1, 2, action, "why", false);
  rig.make_ready();
  CHECK(rig.core->rebuilds().size() == 1);
  CHECK(rig.rebuilds(reason) == 1);
}

TEST_CASE("a cluster that refuses the producer as such is what every topic says until it is not") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.lane(2, 1);
  warm_up(rig);
  const auto refuse = [&](Action action) {
    rig.core->producer_fatal(rig.now, Channel::kMain, rig.opens.back().generation, action,
                             "no right to write");
    rig.run();
  };
  refuse(Action::kRebuild);
  CHECK(rig.state(2) == "flowing");
  rig.after(1'000);
  refuse(Action::kStall);
  CHECK(rig.state(1) == "stalled: no right to write");
  CHECK(rig.state(2) == "stalled: no right to write");
  rig.after(1'000);
  rig.deliver_all();
  CHECK(rig.state(2) == "flowing");
}

TEST_CASE("a producer that turns fatal while it may still finish is not waited for") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.append_fresh(1, {0, 1, 0, 1});
  rig.deliver(1, 1);
  rig.deliver(1, 2);
  rig.auto_ready = false;
  rig.fail(1, 3, Action::kVerdict, "too large", false);
  REQUIRE(rig.opens.size() == 2);
  CHECK(rig.opens.back().drain);
  const auto turn_fatal = [&] {
    rig.core->producer_fatal(rig.now, Channel::kMain, rig.opens.front().generation,
                             Action::kRebuild, "fatal");
    rig.run();
  };
  turn_fatal();
  REQUIRE(rig.opens.size() == 3);
  CHECK_FALSE(rig.opens.back().drain);
  CHECK(rig.opens.back().generation == rig.opens[1].generation);
  turn_fatal();
  CHECK(rig.opens.size() == 3);
}

TEST_CASE("a transient error: the rest of the partition is awaited, then all of it is sent again") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.append_fresh(1, {0, 0, 0, 1});
  rig.deliver(1, 1);
  rig.fail(1, 2, Action::kRetry);
  rig.append_fresh(1, {0, 1});
  rig.after(15'000);
  CHECK(rig.out() == "1/1/4 1/0/3");  // no overtaking
  rig.deliver(1, 3);
  CHECK(rig.progress(1).head == 2);
  CHECK(rig.out() == "1/1/4 1/0/2");
  rig.deliver_all();
  CHECK(rig.progress(1).head == 7);
  CHECK(rig.opens.size() == 1);  // no rebuild
}

TEST_CASE("a refused Produce holds its partition until it is handed out again") {
  CoreRig rig;
  rig.lane(1, 1);
  warm_up(rig);
  rig.report(1, 2, Outcome::kRefused);
  rig.report(1, 3, Outcome::kRefused);
  rig.report(1, 4, Outcome::kRefused);
  CHECK(rig.out().empty());
  rig.after(1'000);
  CHECK(rig.out() == "1/0/2");
}

TEST_CASE("watchdog: un-acked with a live leader all the time; doubles; rests otherwise") {
  CoreRig rig;
  rig.lane(1, 1);
  warm_up(rig);
  SECTION("fires, doubles, and starts over once it moves") {
    rig.after(118'000);
    CHECK(rig.rebuilds("watchdog") == 0);
    rig.after(4'000);
    CHECK(rig.rebuilds("watchdog") == 1);
    CHECK(rig.opens.back().drain);
    rig.after(200'000);
    CHECK(rig.rebuilds("watchdog") == 1);
    rig.after(45'000);
    CHECK(rig.rebuilds("watchdog") == 2);
    rig.deliver(1, 2);
    rig.after(65'000);
    CHECK(rig.rebuilds("pipelining again") == 1);  // which sends 3 and 4 again
    rig.after(125'000);
    CHECK(rig.rebuilds("watchdog") == 3);
  }
  SECTION("not while the partition has no leader") {
    rig.after(100'000);
    rig.leaders(1, {-1});
    rig.after(500'000);
    CHECK(rig.rebuilds("watchdog") == 0);
    rig.leaders(1, {1});
    rig.after(100'000);
    CHECK(rig.rebuilds("watchdog") == 0);
    rig.after(22'000);
    CHECK(rig.rebuilds("watchdog") == 1);
  }
  SECTION("not while the cluster does not answer") {
    rig.core->connected(rig.now, false);
    rig.after(500'000);
    CHECK(rig.rebuilds("watchdog") == 0);
    rig.core->connected(rig.now, true);
    rig.after(122'000);
    CHECK(rig.rebuilds("watchdog") == 1);
  }
}

TEST_CASE("watchdog: of many partitions that are late each counts every time") {
  CoreRig rig;
  rig.lane(1, 6);
  rig.append_fresh(1, {0, 1, 2, 3, 4, 5});
  rig.after(122'000);
  CHECK(rig.rebuilds("watchdog") == 1);
  rig.after(245'000);
  CHECK(rig.rebuilds("watchdog") == 2);
  CHECK_FALSE(rig.state(1).starts_with("probing"));
  rig.after(485'000);
  CHECK(rig.rebuilds("watchdog") == 3);
  CHECK(rig.state(1).starts_with("probing"));
}

TEST_CASE("fenced: everything stops, with a name") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.lane(2, 1);
  warm_up(rig);
  rig.fail(1, 2, Action::kStop, "FENCED");
  rig.append_fresh(2, {0});
  rig.after(60'000);
  CHECK(rig.out() == "1/0/3 1/0/4");
  CHECK(rig.core->stopped_reason() == "FENCED");
  CHECK(rig.state(2) == "stopped: FENCED");
}

TEST_CASE("fenced while a producer is made anew: it is not made") {
  CoreRig rig;
  rig.lane(1, 1);
  warm_up(rig);
  rig.auto_ready = false;
  const Generation first = rig.opens.back().generation;
  rig.fail(1, 2, Action::kRebuild, "ILL");
  REQUIRE(rig.opens.back().generation == first + 1);
  SECTION("as it was asked for") {
    rig.core->producer_fatal(rig.now, Channel::kMain, first, Action::kStop, "FENCED");
    rig.run();
  }
  SECTION("before it was asked for: each but the first after a delivery waits") {
    rig.make_ready();
    rig.fail(1, 2, Action::kRebuild, "ILL");
    REQUIRE(rig.opens.back().generation == first + 1);
    rig.core->producer_fatal(rig.now, Channel::kMain, first + 1, Action::kStop, "FENCED");
    rig.run();
  }
  REQUIRE(rig.core->stopped_reason() == "FENCED");
  CHECK(rig.opens.back().generation == 0);
  CHECK_FALSE(rig.opens.back().drain);
  rig.core->producer_ready(rig.now, Channel::kMain, first + 1);  // it was on its way
  rig.after(60'000);
  CHECK(rig.opens.back().generation == 0);
}

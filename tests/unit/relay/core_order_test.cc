#include <catch2/catch.hpp>

#include "core_rig.h"

using namespace outbox;
using namespace outbox::relay;
using namespace outbox::relay::test;

TEST_CASE("a new partition starts with one message alone, then pipelines") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.append_fresh(1, {0, 0, 0, 1, 1});
  CHECK(rig.out() == "1/0/1 1/1/4");
  rig.deliver(1, 1);
  CHECK(rig.out() == "1/1/4 1/0/2 1/0/3");
  rig.deliver_all();
  CHECK(rig.progress(1).head == 6);
  CHECK(rig.lanes[1].delivered == 5);
  CHECK(rig.settled.size() == 5);
}

TEST_CASE("entries that are not offered in memory are read from the store") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.append(1, {0, 0, 0});
  CHECK(rig.reads.size() == 1);
  rig.deliver_all();
  CHECK(rig.progress(1).head == 4);
}

TEST_CASE("fresh entries that do not continue the cursor are released and read later") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.auto_read = false;
  rig.append(1, {0});
  rig.append_fresh(1, {0, 0});
  CHECK(rig.out().empty());
  CHECK(rig.core->stats().held_entries == 0);
  const Read read = rig.reads.at(0);
  CHECK(read.from == 1);
  rig.core->read_failed(rig.now, 1, read.id, "io");
  rig.auto_read = true;
  rig.run();
  CHECK(rig.state(1).starts_with("stalled: reading"));
  rig.after(5'000);
  rig.deliver_all();
  CHECK(rig.progress(1).head == 4);
  CHECK(rig.state(1) == "flowing");
}

TEST_CASE("slow start again after a leader change and after idle minutes") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.append_fresh(1, {0});
  rig.deliver(1, 1);
  rig.append_fresh(1, {0, 0});
  CHECK(rig.out() == "1/0/2 1/0/3");

  SECTION("leader change") {
    rig.leaders(1, {2});
    rig.append_fresh(1, {0, 0});
    CHECK(rig.out() == "1/0/2 1/0/3");  // those in flight first
    rig.deliver(1, 2);
    CHECK(rig.out() == "1/0/3");
    rig.deliver(1, 3);
    CHECK(rig.out() == "1/0/4");  // alone
    rig.deliver(1, 4);
    CHECK(rig.out() == "1/0/5");
  }
  SECTION("idle") {
    rig.deliver_all();
    rig.after(299'000);
    rig.append_fresh(1, {0, 0});
    CHECK(rig.out() == "1/0/4 1/0/5");
    rig.deliver_all();
    rig.after(300'000);
    rig.append_fresh(1, {0, 0});
    CHECK(rig.out() == "1/0/6");
  }
}

TEST_CASE("prev names the delivered entry before, also over a restart and a re-send") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.append_fresh(1, {0, 1, 0, 1, 0});
  CHECK(rig.sent.at(0).prev == 0);
  CHECK(rig.sent.at(1).prev == 0);
  rig.deliver(1, 1);
  rig.deliver(1, 2);
  CHECK(rig.take(1, 3).prev == 1);
  CHECK(rig.take(1, 5).prev == 3);
  CHECK(rig.take(1, 4).prev == 2);
  rig.restart();
  CHECK(rig.take(1, 3).prev == 1);
  rig.fatal(Channel::kMain);
  rig.after(1'000);
  CHECK(rig.out() == "1/0/3 1/1/4");
  CHECK(rig.sent.at(0).prev == 1);
  rig.deliver_all();
  CHECK(rig.progress(1).head == 6);
}

TEST_CASE("progress is a vector: a slow head does not hide what is settled, also after a restart") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.append_fresh(1, {0, 1, 1, 0, 1});
  rig.deliver(1, 2);
  rig.deliver(1, 3);
  rig.deliver(1, 5);
  CHECK(rig.progress(1).head == 1);
  CHECK(rig.progress(1).through.at(1) == 5);
  CHECK(rig.progress(1).settled_above_head == 3);
  rig.restart();
  CHECK(rig.out() == "1/0/1");
  rig.deliver_all();
  CHECK(rig.progress(1).head == 6);
  CHECK(rig.progress(1).settled_above_head == 0);
  CHECK(rig.lanes[1].delivered == 5);
}

TEST_CASE("a report out of order settles nothing before its turn") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.append_fresh(1, {0, 0, 0});
  rig.deliver(1, 1);
  rig.deliver(1, 3, 42);
  CHECK(rig.progress(1).head == 2);
  CHECK(rig.settled.size() == 1);
  rig.deliver(1, 2);
  CHECK(rig.progress(1).head == 4);
  CHECK(rig.settled.back().offset == 42);
}

TEST_CASE("nothing is handed out twice by a report that comes twice or too late") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.append_fresh(1, {0, 0});
  const Produce p = rig.take(1, 1);
  const Report report{p.channel, p.generation, 1, 0, 1, Outcome::kDelivered, 5, {}};
  rig.core->reports(rig.now, {&report, 1});
  rig.core->reports(rig.now, {&report, 1});
  rig.run();
  CHECK(rig.out() == "1/0/2");
  CHECK(rig.lanes[1].delivered == 1);
  Report late = report;
  late.seq = 2;
  late.generation = p.generation + 1;
  rig.core->reports(rig.now, {&late, 1});
  rig.run();
  CHECK(rig.progress(1).head == 2);
}

TEST_CASE("stop: nothing more is handed out, what is in flight still counts") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.append_fresh(1, {0, 0});
  rig.core->stop(rig.now);
  rig.run();
  CHECK_FALSE(rig.core->finished());
  rig.deliver(1, 1);
  CHECK(rig.out().empty());
  CHECK(rig.progress(1).head == 2);
  CHECK(rig.core->finished());
}

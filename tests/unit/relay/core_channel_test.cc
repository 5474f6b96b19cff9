#include <catch2/catch.hpp>

#include "core_rig.h"

using namespace outbox;
using namespace outbox::relay;
using namespace outbox::relay::test;
using kafka::Action;

TEST_CASE("a partition that was idle during a rebuild starts slowly with the new producer") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.append_fresh(1, {0});
  rig.deliver(1, 1);
  rig.fatal(Channel::kMain);
  rig.after(1'000);
  rig.append_fresh(1, {0, 0});
  CHECK(rig.out() == "1/0/2");
}

TEST_CASE("a stalled lane tries one message, not one a partition, and not before its time") {
  CoreRig rig;
  rig.lane(1, 3);
  rig.append_fresh(1, {0, 1, 2});
  rig.fail(1, 1, Action::kStall);
  CHECK(rig.out().empty());
  while (rig.sent.empty()) rig.after(100);
  CHECK(rig.sent.size() == 1);
  rig.after(60'000);
  CHECK(rig.sent.size() == 1);
  rig.deliver_all();
  CHECK(rig.progress(1).head == 4);
}

TEST_CASE("a lane on its way to the probe hands nothing more to main") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.append_fresh(1, {0, 1, 1});
  rig.refuse(1, 1, Action::kVerdict, "too large for librdkafka");
  rig.deliver(1, 2);  // of partition 1, in flight on main until now
  CHECK(rig.opens.size() == 2);
  CHECK(rig.opens.back().channel == Channel::kProbe);  // main is as good as before
  CHECK(rig.out() == "1/0/1? 1/1/3?");
  rig.refuse(1, 1, Action::kVerdict, "too large for librdkafka");
  CHECK(rig.deaths == std::vector<std::string>{"too large for librdkafka"});
}

TEST_CASE("while a producer is made anew, no cursor runs past what waits for it") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.append(1, std::vector<std::int32_t>(5'000, 0));
  rig.deliver(1, 1);
  rig.auto_ready = false;
  rig.fatal(Channel::kMain);
  const std::size_t reads = rig.reads.size();
  for (int i = 0; i < 60; ++i) rig.after(1'000);
  CHECK(rig.reads.size() <= reads + 2);
  rig.make_ready();
  rig.deliver_all();
  CHECK(rig.progress(1).head == 5'001);
}

TEST_CASE("nor while the cluster does not answer") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.append(1, std::vector<std::int32_t>(5'000, 0));
  rig.core->connected(rig.now, false);
  const std::size_t reads = rig.reads.size();
  for (int i = 0; i < 60; ++i) rig.after(1'000);
  CHECK(rig.reads.size() <= reads + 2);
}

TEST_CASE("a large entry is not starved by small ones that come in memory") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.lane(2, 2);
  rig.append_fresh(2, {0, 1});
  rig.deliver_all();
  for (int i = 0; i < 20; ++i) rig.append_fresh(2, {i % 2}, 1'000);
  rig.append(1, {0}, 60'000);
  for (int i = 0; i < 100 && rig.sent.back().lane == 2; ++i) {
    rig.deliver(2, rig.sent.front().seq);
    if (rig.sent.empty() || rig.sent.back().lane != 2) break;
    rig.append_fresh(2, {i % 2}, 1'000);
  }
  REQUIRE(!rig.sent.empty());
  CHECK(rig.sent.back().lane == 1);
  rig.deliver_all();
  CHECK(rig.progress(1).head == 2);
}

TEST_CASE("trouble is counted only while the same entry is at the front") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.append_fresh(1, std::vector<std::int32_t>(6, 0));
  for (Seq seq = 1; seq <= 5; ++seq) {
    for (int twice = 0; twice < 2; ++twice) {
      rig.report(1, seq, Outcome::kNoOffset);
      rig.after(1'000);
    }
    rig.deliver(1, seq);
  }
  CHECK(rig.core->stats().alarms == 0);
}

TEST_CASE("the probe serves several lanes; one that is dead does not hold up the other") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.lane(2, 1);
  rig.append_fresh(1, std::vector<std::int32_t>(3, 0));
  rig.append_fresh(2, std::vector<std::int32_t>(30, 0));
  rig.fail(1, 1, Action::kStall, "no rights");
  rig.after(300);
  rig.fail(2, 1, Action::kVerdict, "bad");
  rig.after(300);
  int deliveries = 0;
  for (int i = 0; i < 2'000 && rig.progress(2).head < 31; ++i) {
    rig.after(50);
    if (rig.sent.empty()) continue;
    if (rig.sent.front().lane == 1) {
      rig.fail(1, 1, Action::kStall, "no rights");
      rig.fatal(Channel::kProbe);
    } else {
      rig.deliver(2, rig.sent.front().seq);
      ++deliveries;
    }
  }
  CHECK(rig.progress(2).head == 31);
  CHECK(deliveries == 30);
}

#include <algorithm>
#include <catch2/catch.hpp>

#include "core_rig.h"
#include "relay/limits.h"

using namespace outbox;
using namespace outbox::relay;
using namespace outbox::relay::test;
using kafka::Action;

namespace {

constexpr Channel kSecond{1};

/// Lane 1 lives on the first main, 2 on the second one, 3 on the third.
CoreOptions one_shared() {
  CoreOptions options = small_options();
  options.shared_main_lanes = 1;
  return options;
}

std::size_t opened(const CoreRig& rig, Channel channel) {
  return static_cast<std::size_t>(std::ranges::count(
      rig.opens, channel, [](const OpenProducer& open) { return open.channel; }));
}

}  // namespace

TEST_CASE("mains: few lanes share one, many are spread over all") {
  // The store numbers lanes from 1 on.
  CHECK(home_of(1, 64) == Channel::kMain);
  CHECK(home_of(64, 64) == Channel::kMain);
  CHECK(home_of(65, 64) == kSecond);
  CHECK(home_of(66, 64) == Channel{2});
  CHECK(home_of(64 + kMains - 1, 64) == Channel{7});
  CHECK(home_of(64 + kMains, 64) == kSecond);
  CHECK(home_of(1, 1) == Channel::kMain);
  CHECK(home_of(2, 1) == kSecond);
  for (store::LaneId lane = 1; lane < 10'000; ++lane) {
    REQUIRE(home_of(lane, 64) != Channel::kProbe);
  }
}

TEST_CASE("mains: another one is opened when a lane of its own has something to send") {
  CoreRig rig(one_shared());
  rig.lane(1, 1);
  rig.lane(2, 1);
  rig.append_fresh(1, {0});
  CHECK(rig.opens.size() == 1);
  rig.append(2, {0});
  CHECK(opened(rig, kSecond) == 1);
  REQUIRE(rig.out() == "1/0/1 2/0/1");
  CHECK(rig.sent.at(0).channel == Channel::kMain);
  CHECK(rig.sent.at(1).channel == kSecond);
  rig.deliver_all();
  CHECK(rig.rebuilds("start") == 0);
}

TEST_CASE("mains: of a partition without a leader too, so that the others of its lane flow") {
  CoreRig rig(one_shared());
  rig.lane(2, 2);
  rig.leaders(2, {-1, 1});
  rig.append(2, {0, 0, 1});
  CHECK(rig.out() == "2/1/3");
}

TEST_CASE("mains: the end of one leaves what the other has in flight alone") {
  CoreRig rig(one_shared());
  rig.lane(1, 1);
  rig.lane(2, 1);
  rig.append_fresh(1, {0});
  rig.append_fresh(2, {0});
  const Generation first = rig.sent.at(0).generation;
  rig.fatal(kSecond);
  CHECK(opened(rig, Channel::kMain) == 1);
  CHECK(opened(rig, kSecond) == 2);
  CHECK(rig.core->in_flight(Channel::kMain) == 1);
  CHECK(rig.core->in_flight() == 2);
  CHECK(rig.take(1, 1).generation == first);
  CHECK(rig.core->stats().resent == 1);
}

TEST_CASE("mains: old entries have their own producer send one request at a time, no other") {
  CoreRig rig(one_shared());
  rig.lane(1, 1);
  rig.lane(2, 1);
  rig.append_fresh(1, {0});
  rig.deliver_all();
  rig.age_ms = small_options().old_after_ms + 1;
  rig.append_fresh(2, {0});
  CHECK(rig.opens.back().channel == kSecond);
  CHECK(rig.opens.back().max_in_flight_requests == 1);
  CHECK(opened(rig, Channel::kMain) == 1);
  CHECK(rig.out() == "2/0/1");
  // Ten minutes later it pipelines again, if it is still used.
  rig.deliver_all();
  rig.age_ms = 0;
  for (int i = 0; i < 700; ++i) {
    rig.append_fresh(2, {0});
    rig.after(1'000);
    rig.deliver_all();
  }
  CHECK(rig.opens.back().channel == kSecond);
  CHECK(rig.opens.back().max_in_flight_requests == small_options().max_in_flight_requests);
}

TEST_CASE("mains: a lane in trouble comes back from the probe to its own") {
  CoreRig rig(one_shared());
  rig.lane(2, 1);
  rig.append_fresh(2, std::vector<std::int32_t>(40, 0));
  rig.fail(2, 1, Action::kVerdict, "bad");
  rig.after(1'000);
  CHECK(rig.sent.at(0).channel == Channel::kProbe);
  while (rig.sent.at(0).channel == Channel::kProbe) {
    rig.deliver(2, rig.sent.front().seq);
    rig.after(1'000);
  }
  CHECK(rig.sent.at(0).channel == kSecond);
}

TEST_CASE("mains: one that nothing is sent with is closed, and opened again when needed") {
  CoreRig rig(one_shared());
  rig.lane(1, 1);
  rig.lane(2, 1);
  rig.append_fresh(2, {0});
  // In flight for long: it is in use.
  for (std::int64_t ms = 0; ms < 80'000; ms += 1'000) rig.after(1'000);
  CHECK(rig.closes == 0);
  rig.deliver_all();
  for (std::int64_t ms = 0; ms < one_shared().unused_main_ms - 3'000; ms += 1'000) rig.after(1'000);
  CHECK(rig.closes == 0);
  for (std::int64_t ms = 0; ms < 6'000; ms += 1'000) rig.after(1'000);
  CHECK(rig.closes == 1);
  CHECK(rig.core->next_deadline_ms() == -1);  // no more ticks
  CHECK(opened(rig, Channel::kMain) == 1);

  rig.append_fresh(2, {0, 0});
  CHECK(opened(rig, kSecond) == 2);
  CHECK(rig.out() == "2/0/2");  // slowly, as with any new producer
  rig.deliver_all();
  CHECK(rig.progress(2).head == 4);
  CHECK(rig.core->rebuilds().empty());
}

TEST_CASE("mains: one that sends a little now and then is not closed") {
  CoreRig rig(one_shared());
  rig.lane(2, 1);
  // Delivered at once: whoever looks at a tick sees nothing under way.
  for (int i = 0; i < 200; ++i) {
    rig.append_fresh(2, {0});
    rig.deliver_all();
    rig.after(1'000);
  }
  CHECK(rig.closes == 0);
}

TEST_CASE("mains: those that are unused end one by one, for each may hold up the others") {
  CoreRig rig(one_shared());
  for (const LaneId lane : {2, 3, 4}) {
    rig.lane(lane, 1);
    rig.append_fresh(lane, {0});
  }
  rig.deliver_all();
  std::size_t most = 0;
  for (int i = 0; i < 80; ++i) {
    const std::size_t before = rig.closes;
    rig.after(1'000);
    most = std::max(most, rig.closes - before);
  }
  CHECK(rig.closes == 3);
  CHECK(most == 1);
}

TEST_CASE("mains: what the cluster refuses to one is said of its topics only") {
  CoreRig rig(one_shared());
  rig.lane(1, 1);
  rig.lane(2, 1);
  rig.append_fresh(1, {0});
  rig.append_fresh(2, {0});
  rig.fatal(kSecond, Action::kStall, "not allowed");
  CHECK(rig.state(1) == "flowing");
  CHECK(rig.state(2) == "stalled: not allowed");
  rig.deliver(1, 1);
  CHECK(rig.state(2) == "stalled: not allowed");
}

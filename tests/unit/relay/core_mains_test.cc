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

/// Lanes 0 and 1 live on the first main, 2 on the second one, 3 on the third.
CoreOptions two_a_main() {
  CoreOptions options = small_options();
  options.shared_main_lanes = 2;
  return options;
}

std::size_t opened(const CoreRig& rig, Channel channel) {
  return static_cast<std::size_t>(std::ranges::count(
      rig.opens, channel, [](const OpenProducer& open) { return open.channel; }));
}

}  // namespace

TEST_CASE("mains: few lanes share one, many are spread over all") {
  CHECK(home_of(0, 64) == Channel::kMain);
  CHECK(home_of(63, 64) == Channel::kMain);
  CHECK(home_of(64, 64) == kSecond);
  CHECK(home_of(65, 64) == Channel{2});
  CHECK(home_of(64 + kMains - 2, 64) == Channel{7});
  CHECK(home_of(64 + kMains - 1, 64) == kSecond);
  for (store::LaneId lane = 0; lane < 10'000; ++lane) {
    REQUIRE(home_of(lane, 64) != Channel::kProbe);
  }
}

TEST_CASE("mains: another one is opened when a lane of its own has something to send") {
  CoreRig rig(two_a_main());
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
  CoreRig rig(two_a_main());
  rig.lane(2, 2);
  rig.leaders(2, {-1, 1});
  rig.append(2, {0, 0, 1});
  CHECK(rig.out() == "2/1/3");
}

TEST_CASE("mains: the end of one leaves what the other has in flight alone") {
  CoreRig rig(two_a_main());
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
  CoreRig rig(two_a_main());
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
  CoreRig rig(two_a_main());
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
  CoreRig rig(two_a_main());
  rig.lane(1, 1);
  rig.lane(2, 1);
  rig.append_fresh(2, {0});
  // In flight for long: it is in use.
  for (std::int64_t ms = 0; ms < 80'000; ms += 1'000) rig.after(1'000);
  CHECK(rig.closes == 0);
  rig.deliver_all();
  for (std::int64_t ms = 0; ms < kUnusedMs - 3'000; ms += 1'000) rig.after(1'000);
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

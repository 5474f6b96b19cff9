#include "relay/driver.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "support/wait.h"
#include "unit/relay/driver_rig.h"

namespace outbox::relay {
namespace {

using namespace std::chrono_literals;
using test::Rig;
constexpr auto kPatience = 20s;

// The first time each value was handed out, the values came in order.
void check_first_in_order(const std::vector<std::string>& values, std::size_t count) {
  std::size_t next = 0;
  for (const auto& value : values) next += value == std::to_string(next) ? 1U : 0U;
  CHECK(next == count);
}

TEST_CASE("what was appended before and after the start is handed out once and in order") {
  Rig rig;
  rig.append(50);
  Driver& driver = rig.start();
  rig.append(50);
  REQUIRE(driver.drain(kPatience).ok());
  CHECK(rig.stage.taken().size() == 100);
  check_first_in_order(rig.stage.taken(), 100);
  CHECK(rig.ledger().delivered == 100);
  CHECK(rig.ledger().balanced());
}

TEST_CASE("a topic's largest message is known over a restart, before brokers tell it again") {
  Rig rig;
  rig.append(1);
  rig.store().record_topic_limits(1, {2'000, 1});
  Driver& driver = rig.start();
  REQUIRE(driver.drain(kPatience).ok());  // so the topic was seen
  CHECK(rig.store().lane(1).limits.message_bytes_max == 2'000);
}

TEST_CASE("a partition that a lagging broker does not know may be appended to all the same") {
  Rig rig;
  rig.append(1);
  REQUIRE(rig.store().record_partition_count(1, {1, 3, 1'000}).ok());
  rig.store().record_topic_limits(1, {0, 3});
  Driver& driver = rig.start();
  REQUIRE(outbox::test::wait_until(
      [&] { return driver.lane_state(1).starts_with("waiting: the topic has 1 partitions"); },
      kPatience));
  CHECK(rig.store().lane(1).limits.partitions == 3);
}

TEST_CASE("a success without an offset is no delivery: the producer is rebuilt, it is sent again") {
  Rig rig;
  rig.append(20);
  rig.stage.report = [](std::size_t n) {
    return kafka::Report{0, 0, -1, n == 5 ? -1001 : 0, false};
  };
  Driver& driver = rig.start();
  REQUIRE(driver.drain(kPatience).ok());
  const auto taken = rig.stage.taken();
  CHECK(taken.size() > 20);
  CHECK(std::count(taken.begin(), taken.end(), "5") >= 2);
  CHECK(rig.ledger().delivered == 20);
  CHECK(rig.stage.producers == 2);
  CHECK(driver.stats().rebuilds.size() == 1);
}

TEST_CASE("behind a message that librdkafka refuses none of its partition is handed out") {
  Rig rig;
  rig.append(30);
  constexpr std::int32_t kQueueFull = -184;
  rig.stage.take = [](std::size_t call) { return call == 7 ? kQueueFull : 0; };
  Driver& driver = rig.start();
  REQUIRE(driver.drain(kPatience).ok());
  const auto taken = rig.stage.taken();
  REQUIRE(taken.size() == 30);
  for (std::size_t i = 0; i < taken.size(); ++i) CHECK(taken[i] == std::to_string(i));
}

TEST_CASE("a producer that refuses because it ended is asked why: its notice may never be polled") {
  Rig rig;
  rig.append(3);
  constexpr std::int32_t kFatal = -150;
  constexpr std::int32_t kFenced = -144;
  rig.stage.take = [](std::size_t) { return kFatal; };
  rig.stage.fatal_cause = kFenced;
  Driver& driver = rig.start();
  const auto stopped = [&] {
    const auto states = driver.stats().lane_states;
    const auto state = states.find("t");
    return state != states.end() && state->second.starts_with("stopped: _FENCED");
  };
  CHECK(outbox::test::wait_until(stopped, kPatience));
  REQUIRE(driver.stop(kPatience).ok());
  CHECK(rig.stage.producers == 1);
  CHECK(rig.ledger().pending == 3);
}

TEST_CASE("however small the window, deliveries are recorded in time to go on") {
  const std::size_t window = GENERATE(1U, 3U, 10U);
  Rig rig;
  rig.append(200);
  // Far less than the 200 s that progress recorded once a second would take.
  REQUIRE(rig.start(window).drain(kPatience).ok());
  CHECK(rig.stage.taken().size() == 200);
}

TEST_CASE("a stop tells the store how far it came; calls after it are answered, not lost") {
  Rig rig;
  rig.append(10);
  Driver& driver = rig.start();
  REQUIRE(driver.drain(kPatience).ok());
  CHECK(driver.stop(kPatience).ok());
  CHECK(driver.stop(kPatience).ok());
  CHECK(driver.drain(1ms).code() == Code::kClosed);
  CHECK(driver.purge("t", 0, "test").status().code() == Code::kClosed);
  CHECK(driver.accept("t").code() == Code::kClosed);
  CHECK(rig.ledger().pending == 0);
}

TEST_CASE("callers are told of topics that nobody knows and of lanes that are not halted") {
  Rig rig;
  rig.append(1);
  Driver& driver = rig.start();
  REQUIRE(driver.drain(kPatience).ok());
  CHECK(driver.accept("nothing").code() == Code::kNotFound);
  CHECK(driver.accept("t").code() == Code::kInvalidArgument);
  CHECK(driver.purge("nothing", 0, "test").status().code() == Code::kNotFound);
  const Status drained = [&] {
    driver.pause("t");
    rig.append(3);
    return driver.drain(50ms);
  }();
  CHECK(drained.code() == Code::kTimeout);
  CHECK(drained.message().find("t (3 entries, paused") != std::string::npos);
}

}  // namespace
}  // namespace outbox::relay

#include <catch2/catch.hpp>
#include <mutex>
#include <string>

#include "mock/relay_rig.h"
#include "support/wait.h"

namespace outbox::test {
namespace {

using namespace std::chrono_literals;

// Every value once and in order.
void check_sequence(RelayRig& rig, const std::string& topic, std::size_t count) {
  Consumer consumer(rig.cluster().bootstrap_servers(), {{topic, 1}});
  consumer.read_until(count, kPatience);
  const auto values = values_in(consumer.all(), topic, 0);
  REQUIRE(values.size() == count);
  for (std::size_t i = 0; i < count; ++i) CHECK(values[i] == std::to_string(i));
}

TEST_CASE("while all brokers are down entries wait; then they are delivered once and in order") {
  RelayRig rig;
  rig.cluster().create_topic("t", 1);
  rig.start();
  for (int i = 0; i < 100; ++i) rig.append("t", std::to_string(i));
  rig.drain();
  rig.cluster().set_all(false);
  for (int i = 100; i < 300; ++i) rig.append("t", std::to_string(i));
  CHECK(wait_until([&] { return !rig.relay().stats().connected; }, kPatience));
  CHECK(rig.lane("t").ledger.pending == 200);
  rig.cluster().set_all(true);
  rig.drain();
  CHECK(rig.relay().stats().connected);
  check_sequence(rig, "t", 300);
}

TEST_CASE("a relay started while the cluster is unreachable delivers once it is there") {
  RelayRig rig;
  rig.cluster().create_topic("t", 1);
  rig.cluster().set_all(false);
  rig.start();
  for (int i = 0; i < 50; ++i) rig.append("t", std::to_string(i));
  CHECK(rig.relay().drain(500ms).code() == Code::kTimeout);
  CHECK_FALSE(rig.relay().stats().connected);
  rig.cluster().set_all(true);
  rig.drain();
  check_sequence(rig, "t", 50);
}

TEST_CASE("transient refusals are retried without loss or disorder") {
  const auto error = GENERATE(
      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
      RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR);
  INFO(rd_kafka_err2name(error));
  RelayRig rig;
  rig.cluster().create_topic("t", 1);
  rig.start();
  for (int i = 0; i < 20; ++i) rig.append("t", std::to_string(i));
  rig.drain();
  rig.cluster().fail(Request::kProduce, error, 2);
  for (int i = 20; i < 200; ++i) rig.append("t", std::to_string(i));
  rig.drain();
  CHECK(rig.lane("t").ledger.dead == 0);
  check_sequence(rig, "t", 200);
}

TEST_CASE("a message that is too large dies alone; its neighbours arrive in order") {
  RelayRig rig;
  rig.options().kafka_properties["message.max.bytes"] = "2000";
  rig.cluster().create_topic("t", 1);
  std::mutex mutex;
  std::vector<DeliveryOutcome> outcomes;
  for (int i = 0; i < 10; ++i) rig.append("t", std::to_string(i));
  Message large;
  large.topic = "t";
  large.value = std::string(10'000, 'x');
  const auto appended = rig.outbox().append(large, [&](const DeliveryOutcome& outcome) {
    const std::lock_guard lock(mutex);
    outcomes.push_back(outcome);
  });
  REQUIRE(appended.ok());
  for (int i = 10; i < 20; ++i) rig.append("t", std::to_string(i));
  rig.start();
  rig.drain();

  const auto dead = rig.outbox().dead_letters("t", 0, 10);
  REQUIRE(dead.ok());
  REQUIRE(dead->size() == 1);
  CHECK(dead->front().entry.seq == appended->seq);
  CHECK(dead->front().entry.message.value == large.value);
  CHECK(dead->front().reason.find("MSG_SIZE_TOO_LARGE") != std::string::npos);
  REQUIRE(wait_until(
      [&] {
        const std::lock_guard lock(mutex);
        return outcomes.size() == 1;
      },
      kPatience));
  CHECK_FALSE(outcomes.front().delivered());
  check_sequence(rig, "t", 20);
}

TEST_CASE("a broker's verdict counts only on a message that is alone; another topic flows on") {
  RelayRig rig;
  rig.cluster().create_topic("bad", 1);
  rig.cluster().create_topic("good", 1);
  rig.start();
  rig.append("good", "0");
  rig.append("bad", "0");
  rig.drain();
  // The first request fails for its batch; the probe fails for its only message.
  rig.relay().pause("good");
  rig.cluster().fail(Request::kProduce, RD_KAFKA_RESP_ERR_INVALID_RECORD, 2);
  const Seq poison = rig.append("bad", "poison");
  const Seq next = rig.append("bad", "1");
  CHECK(rig.outbox().flush_until("bad", next, kPatience).ok());
  rig.relay().resume("good");
  rig.append("good", "1");
  rig.drain();
  const auto dead = rig.outbox().dead_letters("bad", 0, 10);
  REQUIRE(dead.ok());
  REQUIRE(dead->size() == 1);
  CHECK(dead->front().entry.seq == poison);
  CHECK(dead->front().reason.find("INVALID_RECORD") != std::string::npos);
  check_sequence(rig, "bad", 2);
  check_sequence(rig, "good", 2);
}

TEST_CASE("with the halt policy a verdict stops the topic until an operator accepts it") {
  RelayRig rig;
  rig.options().kafka_properties["message.max.bytes"] = "2000";
  rig.options().poison_policy = PoisonPolicy::kHaltLane;
  rig.cluster().create_topic("t", 1);
  rig.cluster().create_topic("other", 1);
  rig.append("t", std::string(10'000, 'x'));
  rig.append("t", "0");
  rig.start();
  CHECK(rig.wait_state("t", "halted"));
  rig.append("other", "0");
  CHECK(rig.outbox().flush_until("other", 1, kPatience).ok());
  CHECK(rig.lane("t").ledger.dead == 0);
  CHECK(rig.lane("t").ledger.pending == 2);
}

TEST_CASE("a topic without rights stalls by itself, heals by itself, and does not stop another") {
  RelayRig rig;
  rig.cluster().create_topic("secret", 1);
  rig.cluster().create_topic("open", 1);
  rig.start();
  rig.append("secret", "0");
  rig.append("open", "0");
  rig.drain();
  rig.cluster().set_topic_error("secret", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  rig.relay().pause("open");
  rig.cluster().fail(Request::kProduce, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 1);
  rig.append("secret", "1");
  CHECK(rig.wait_state("secret", "stalled"));
  rig.relay().resume("open");
  const Seq flows = rig.append("open", "1");
  CHECK(rig.outbox().flush_until("open", flows, kPatience).ok());
  CHECK(rig.lane("secret").ledger.pending == 1);
  CHECK(rig.lane("secret").ledger.dead == 0);

  rig.cluster().set_topic_error("secret", RD_KAFKA_RESP_ERR_NO_ERROR);
  rig.drain();
  check_sequence(rig, "secret", 2);
  check_sequence(rig, "open", 2);
}

TEST_CASE("an unknown topic stalls after its grace and flows once it is there") {
  RelayRig rig;
  rig.options().unknown_topic_grace_ms = 300ms;
  rig.cluster().create_topic("late", 1);
  rig.cluster().set_topic_error("late", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  rig.start();
  for (int i = 0; i < 10; ++i) rig.append("late", std::to_string(i));
  CHECK(rig.wait_state("late", "stalled"));
  CHECK(rig.lane("late").ledger.pending == 10);
  rig.cluster().set_topic_error("late", RD_KAFKA_RESP_ERR_NO_ERROR);
  rig.drain();
  check_sequence(rig, "late", 10);
}

TEST_CASE("a leaderless partition does not hold up the others, and catches up") {
  RelayRig rig;
  rig.cluster().create_topic("t", 2);
  rig.start();
  Message message;
  message.topic = "t";
  const auto append_to = [&](std::int32_t partition, int value) {
    message.partition = partition;
    message.value = std::to_string(value);
    REQUIRE(rig.outbox().append(message).ok());
  };
  append_to(0, 0);
  append_to(1, 0);
  rig.drain();
  rig.cluster().set_leader("t", 0, -1);
  for (int i = 1; i < 100; ++i) {
    append_to(0, i);
    append_to(1, i);
  }
  Consumer consumer(rig.cluster().bootstrap_servers(), {{"t", 2}});
  CHECK(wait_until(
      [&] {
        consumer.read_one(50ms);
        return values_in(consumer.all(), "t", 1).size() == 100;
      },
      kPatience));
  rig.cluster().set_leader("t", 0, 1);
  rig.drain();
  CHECK(wait_until(
      [&] {
        consumer.read_one(50ms);
        return values_in(consumer.all(), "t", 0).size() == 100;
      },
      kPatience));
}

TEST_CASE("a stop with the cluster gone ends in time, and what was pending comes later") {
  RelayRig rig;
  rig.cluster().create_topic("t", 1);
  rig.start();
  rig.append("t", "0");
  rig.drain();
  rig.cluster().set_all(false);
  for (int i = 1; i < 20; ++i) rig.append("t", std::to_string(i));
  rig.give_up(500ms);
  rig.cluster().set_all(true);
  rig.start();
  rig.drain();
  check_sequence(rig, "t", 20);
}

}  // namespace
}  // namespace outbox::test

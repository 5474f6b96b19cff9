#include "kafka/producer.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "kafka/producer_factory.h"
#include "mock/mock_cluster.h"
#include "relay/waker.h"
#include "support/wait.h"

namespace outbox::kafka {
namespace {

using test::Consumed;
using namespace std::chrono_literals;

constexpr auto kPatience = 20s;

RelayOptions options_for(const test::MockCluster& cluster) {
  RelayOptions options;
  options.bootstrap_servers = cluster.bootstrap_servers();
  options.max_in_flight_requests = 1;
  options.linger_ms = 1ms;
  return options;
}

// Polls until `count` reports are there, woken by the producer's fd only.
Polled poll_reports(ProducerApi& producer, relay::Waker& waker, std::size_t count) {
  Polled out;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (out.reports.size() < count && std::chrono::steady_clock::now() < deadline) {
    if (!producer.poll(out, 100)) waker.wait(1'000);
  }
  return out;
}

TEST_CASE("messages reach the cluster as they are, and are reported with their offsets") {
  test::MockCluster cluster;
  cluster.create_topic("orders", 2);
  auto factory = make_producer_factory(options_for(cluster));
  REQUIRE(factory.ok());
  relay::Waker waker;
  auto made = (*factory)->make({}, waker.fd());
  REQUIRE(made.ok());
  std::unique_ptr<ProducerApi> producer = std::move(made).value();

  std::int32_t error = 0;
  const TopicHandle topic = producer->topic("orders", error);
  REQUIRE(topic != nullptr);
  const std::string value(100'000, 'v');
  const std::vector<OutHeader> headers{{"outbox-id", "a.1/1"}, {"empty", ""}, {"null", {}}};
  OutMessage message;
  message.topic = topic;
  message.partition = 1;
  message.timestamp_ms = 1'700'000'000'000;
  message.key = "k";
  message.value = value;
  message.headers = headers;
  message.opaque = 42;
  REQUIRE(producer->produce(message) == 0);
  message.key = std::nullopt;
  message.value = std::nullopt;
  message.headers = {};
  message.opaque = 43;
  REQUIRE(producer->produce(message) == 0);
  message.key = "";
  message.value = "";
  message.opaque = 44;
  REQUIRE(producer->produce(message) == 0);
  CHECK(producer->unreported() == 3);

  const Polled polled = poll_reports(*producer, waker, 3);
  REQUIRE(polled.reports.size() == 3);
  CHECK(producer->unreported() == 0);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(polled.reports[i].error == 0);
    CHECK(polled.reports[i].partition == 1);
    CHECK(polled.reports[i].offset == static_cast<std::int64_t>(i));
    CHECK(polled.reports[i].opaque == 42 + i);
  }
  CHECK((*factory)->unmake(std::move(producer), kPatience));

  test::Consumer consumer(cluster.bootstrap_servers(), {{"orders", 2}});
  const auto& all = consumer.read_until(3, kPatience);
  REQUIRE(all.size() == 3);
  CHECK(all[0].key == "k");
  CHECK(all[0].value == value);
  CHECK(all[0].timestamp_ms == 1'700'000'000'000);
  CHECK(all[0].headers ==
        std::vector<Header>{{"outbox-id", "a.1/1"}, {"empty", ""}, {"null", std::nullopt}});
  CHECK(all[1].key == std::nullopt);
  CHECK(all[1].value == std::nullopt);
  CHECK(all[2].key == "");
  CHECK(all[2].value == "");
}

TEST_CASE("a message for a partition that the topic lacks is refused, its headers freed once") {
  test::MockCluster cluster;
  cluster.create_topic("orders", 1);
  auto factory = make_producer_factory(options_for(cluster));
  REQUIRE(factory.ok());
  relay::Waker waker;
  auto made = (*factory)->make({}, waker.fd());
  REQUIRE(made.ok());
  std::unique_ptr<ProducerApi> producer = std::move(made).value();
  std::int32_t error = 0;
  const std::vector<OutHeader> headers{{"outbox-id", "a.1/1"}, {"null", {}}};
  OutMessage message;
  message.topic = producer->topic("orders", error);
  message.value = "v";
  message.headers = headers;
  REQUIRE(producer->produce(message) == 0);
  REQUIRE(poll_reports(*producer, waker, 1).reports.size() == 1);
  message.partition = 40;
  for (int i = 0; i < 100; ++i) {
    REQUIRE(producer->produce(message) == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
  }
  CHECK(producer->unreported() == 0);
  CHECK((*factory)->unmake(std::move(producer), kPatience));
}

TEST_CASE("a permanent error stops the whole producer, and a purge reports every message") {
  test::MockCluster cluster;
  cluster.create_topic("orders", 1);
  cluster.fail(test::Request::kProduce, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 1);
  auto factory = make_producer_factory(options_for(cluster));
  REQUIRE(factory.ok());
  relay::Waker waker;
  auto made = (*factory)->make({}, waker.fd());
  REQUIRE(made.ok());
  std::unique_ptr<ProducerApi> producer = std::move(made).value();
  std::int32_t error = 0;
  OutMessage message;
  message.topic = producer->topic("orders", error);
  message.partition = 0;
  message.value = "v";
  REQUIRE(producer->produce(message) == 0);

  Polled polled;
  const auto fatal = [&] {
    producer->poll(polled, 100);
    for (const Notice& notice : polled.notices) {
      if (notice.kind == Notice::Kind::kFatal) return true;
    }
    return false;
  };
  REQUIRE(test::wait_until(fatal, kPatience));
  REQUIRE(test::wait_until([&] { return fatal() && producer->unreported() == 0; }, kPatience));
  CHECK(polled.reports.front().error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  CHECK(producer->produce(message) == RD_KAFKA_RESP_ERR__FATAL);
  CHECK((*factory)->unmake(std::move(producer), kPatience));
}

TEST_CASE("a purge reports what a cluster that is down would keep for ever") {
  test::MockCluster cluster;
  cluster.create_topic("orders", 1);
  cluster.set_all(false);
  auto factory = make_producer_factory(options_for(cluster));
  REQUIRE(factory.ok());
  relay::Waker waker;
  auto made = (*factory)->make({}, waker.fd());
  REQUIRE(made.ok());
  std::unique_ptr<ProducerApi> producer = std::move(made).value();
  std::int32_t error = 0;
  OutMessage message;
  message.topic = producer->topic("orders", error);
  message.partition = 0;
  message.value = "v";
  for (int i = 0; i < 10; ++i) REQUIRE(producer->produce(message) == 0);
  producer->purge();
  const Polled polled = poll_reports(*producer, waker, 10);
  REQUIRE(polled.reports.size() == 10);
  for (const Report& report : polled.reports) CHECK(report.error == RD_KAFKA_RESP_ERR__PURGE_QUEUE);
  CHECK((*factory)->unmake(std::move(producer), kPatience));
}

}  // namespace
}  // namespace outbox::kafka

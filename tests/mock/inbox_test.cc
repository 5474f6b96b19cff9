#include "outbox/inbox.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kafka/consumer.h"
#include "kafka/consumer_settings.h"
#include "mock/mock_cluster.h"
#include "support/temp_dir.h"
#include "support/wait.h"

namespace outbox::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kSoon = 60s;
constexpr int kPartitions = 4;

/// Numbers, in turn to each partition of "t".
class Numbers {
 public:
  explicit Numbers(const MockCluster& cluster) {
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", cluster.bootstrap_servers().c_str(), nullptr, 0);
    handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
    REQUIRE(handle_ != nullptr);
  }
  ~Numbers() { rd_kafka_destroy(handle_); }
  Numbers(const Numbers&) = delete;
  Numbers& operator=(const Numbers&) = delete;

  void produce(int count) {
    for (int i = 0; i < count; ++i, ++next_) {
      std::string value = std::to_string(next_);
      REQUIRE(rd_kafka_producev(handle_, RD_KAFKA_V_TOPIC("t"),
                                RD_KAFKA_V_PARTITION(next_ % kPartitions),
                                RD_KAFKA_V_VALUE(value.data(), value.size()),
                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END) == 0);
    }
    REQUIRE(rd_kafka_flush(handle_, 60'000) == 0);
  }

 private:
  rd_kafka_t* handle_;
  int next_ = 0;
};

/// Which numbers came, to all inboxes of a test.
class Seen {
 public:
  InboxHandler handler() {
    return [this](const Received& received, rocksdb::WriteBatch&, const InboxState&) {
      const std::lock_guard lock(mutex_);
      ++times_[*received.message.value];
      return Status();
    };
  }
  bool all(std::size_t count) {
    return wait_until(
        [&] {
          const std::lock_guard lock(mutex_);
          return times_.size() >= count;
        },
        kSoon);
  }
  std::size_t repeated() {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const auto& [value, times] : times_) count += times > 1 ? 1 : 0;
    return count;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, int> times_;
};

InboxOptions options(const MockCluster& cluster) {
  InboxOptions out;
  out.bootstrap_servers = cluster.bootstrap_servers();
  out.group = "g";
  out.topics = {"t"};
  out.commit_interval_ms = 50ms;
  // The mock lets a group rebalance only when a session is over; joining takes it three seconds.
  out.kafka_properties["session.timeout.ms"] = "6000";
  out.kafka_properties["heartbeat.interval.ms"] = "200";
  return out;
}

std::unique_ptr<Inbox> start(const InboxOptions& options, Seen& seen) {
  auto inbox = Inbox::start(options, seen.handler());
  REQUIRE(inbox.status() == Status());
  return std::move(*inbox);
}

/// What the group has committed of all partitions.
std::int64_t committed(const InboxOptions& settings) {
  auto asking = kafka::make_consumer(*kafka::consumer_properties(settings));
  REQUIRE(asking.ok());
  std::vector<kafka::TopicPartition> all;
  for (int i = 0; i < kPartitions; ++i) all.push_back({"t", i});
  const auto offsets = (*asking)->committed(all, 5s);
  std::int64_t sum = 0;
  if (offsets.ok()) {
    for (const kafka::PartitionOffset& at : *offsets) sum += std::max<std::int64_t>(at.offset, 0);
  }
  return sum;
}

std::size_t partitions_of(const Inbox& inbox) { return inbox.stats().positions.size(); }

TEST_CASE("inbox: a group shares partitions out, and takes them back, without loss or repeat") {
  for (const char* strategy : {"cooperative-sticky", "range"}) {
    INFO(strategy);
    MockCluster cluster;
    cluster.create_topic("t", kPartitions);
    Numbers numbers(cluster);
    numbers.produce(400);
    const TempDir dir;
    InboxOptions settings = options(cluster);
    settings.kafka_properties["partition.assignment.strategy"] = strategy;
    Seen seen;
    settings.dir = dir.path() / "a";
    auto first = start(settings, seen);
    REQUIRE(seen.all(400));
    CHECK(partitions_of(*first) == kPartitions);
    // The mock refuses commits while a group rebalances; Kafka takes them.
    REQUIRE(wait_until([&] { return committed(settings) == 400; }, kSoon));
    settings.dir = dir.path() / "b";
    auto second = start(settings, seen);
    REQUIRE(wait_until([&] { return partitions_of(*second) == kPartitions / 2; }, kSoon));
    REQUIRE(wait_until([&] { return partitions_of(*first) == kPartitions / 2; }, kSoon));
    numbers.produce(400);
    REQUIRE(seen.all(800));
    CHECK(first->stop(30s).ok());
    first.reset();
    REQUIRE(wait_until([&] { return partitions_of(*second) == kPartitions; }, kSoon));
    numbers.produce(400);
    REQUIRE(seen.all(1'200));
    CHECK(seen.repeated() == 0);
    CHECK(second->stats().possible_repeats == 0);
    CHECK(second->stop(30s).ok());
  }
}

TEST_CASE("inbox: an offset that Kafka has not halts the partition, and resume goes on") {
  for (const bool by_group : {false, true}) {
    INFO((by_group ? "group, eager" : "static"));
    MockCluster cluster;
    cluster.create_topic("t", kPartitions);
    Numbers numbers(cluster);
    numbers.produce(40);
    InboxOptions settings = options(cluster);
    if (by_group) {
      settings.kafka_properties["partition.assignment.strategy"] = "range";
    } else {
      settings.topics.clear();
      settings.partitions = {{"t", {0, 1, 2, 3}}};
    }
    {
      auto other = kafka::make_consumer(*kafka::consumer_properties(settings));
      REQUIRE(other.ok());
      REQUIRE(wait_until([&] { return (*other)->commit({{{"t", 2}, 1'000, ""}}).ok(); }, kSoon));
    }
    Seen seen;
    auto inbox = start(settings, seen);
    REQUIRE(seen.all(30));
    REQUIRE(wait_until([&] { return inbox->stats().halted.contains("t/2"); }, kSoon));
    CHECK(inbox->stats().halted["t/2"].find("10..999") != std::string::npos);
    numbers.produce(40);
    REQUIRE(seen.all(60));
    CHECK(inbox->resume("t", 2).ok());
    REQUIRE(seen.all(80));
    CHECK(seen.repeated() == 0);
    CHECK(inbox->stop(30s).ok());
  }
}

TEST_CASE("inbox: what was not taken because handlers are slow is fetched again, all of it") {
  MockCluster cluster;
  cluster.create_topic("t", kPartitions);
  Numbers numbers(cluster);
  numbers.produce(2'000);
  InboxOptions settings = options(cluster);
  settings.topics.clear();
  settings.partitions = {{"t", {0, 1, 2, 3}}};
  settings.queued_messages_max = 10;
  settings.unfinished_span_max = 100;
  Seen seen;
  const InboxHandler take = seen.handler();
  std::mutex held;
  std::unique_ptr<Inbox> inbox;
  std::unique_lock hold(held);  // let go before the inbox ends, whatever fails
  auto started = Inbox::start(
      settings, [&](const Received& received, rocksdb::WriteBatch& batch, const InboxState& state) {
        { const std::lock_guard wait(held); }
        return take(received, batch, state);
      });
  REQUIRE(started.ok());
  inbox = std::move(*started);
  REQUIRE(wait_until([&] { return inbox->stats().queued >= 10; }, kSoon));
  // Longer than a busy moment: the partitions are paused, and what was fetched is thrown away.
  CHECK_FALSE(wait_until([&] { return inbox->stats().processed > 0; }, 1'500ms));
  hold.unlock();
  REQUIRE(seen.all(2'000));
  CHECK(seen.repeated() == 0);
  CHECK(inbox->stop(30s).ok());
}

TEST_CASE("inbox: brokers that go away and come back cost nothing") {
  MockCluster cluster;
  cluster.create_topic("t", kPartitions);
  Numbers numbers(cluster);
  const TempDir dir;
  InboxOptions settings = options(cluster);
  settings.topics.clear();
  settings.partitions = {{"t", {0, 1, 2, 3}}};
  settings.dir = dir.path() / "a";
  cluster.set_all(false);
  Seen seen;
  auto inbox = start(settings, seen);
  cluster.set_all(true);
  numbers.produce(100);
  REQUIRE(seen.all(100));
  cluster.set_all(false);
  cluster.set_all(true);
  numbers.produce(100);
  REQUIRE(seen.all(200));
  CHECK(seen.repeated() == 0);
  CHECK(inbox->health().ok());
}

}  // namespace
}  // namespace outbox::test

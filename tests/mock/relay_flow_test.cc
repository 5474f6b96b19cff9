#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <mutex>
#include <random>
#include <string>

#include "base/placement.h"
#include "mock/relay_rig.h"
#include "support/wait.h"

namespace outbox::test {
namespace {

using namespace std::chrono_literals;

std::string random_bytes(std::mt19937& random, std::size_t size_max) {
  std::string out(random() % (size_max + 1), '\0');
  for (char& byte : out) byte = static_cast<char>(random());
  return out;
}

Message random_message(std::mt19937& random, const std::string& topic) {
  Message message;
  message.topic = topic;
  if (random() % 4 != 0) message.key = random_bytes(random, 30);
  if (random() % 5 != 0) message.value = random_bytes(random, 300);
  const std::size_t headers = random() % 4;
  for (std::size_t i = 0; i < headers; ++i) {
    Header header{"h" + std::to_string(i), std::nullopt};
    if (random() % 3 != 0) header.value = random_bytes(random, 20);
    message.headers.push_back(header);
  }
  message.timestamp_ms = 1'700'000'000'000 + static_cast<std::int64_t>(random() % 1'000'000);
  return message;
}

// "<outbox>.<session>/<seq>"
Seq seq_of(const Consumed& message) {
  const std::string id = message.header("outbox-id");
  return std::stoull(id.substr(id.find('/') + 1));
}

void check_equal(const Consumed& got, const Message& sent) {
  CHECK(got.key == sent.key);
  CHECK(got.value == sent.value);
  CHECK(got.timestamp_ms == sent.timestamp_ms);
  std::vector<Header> own;
  for (const Header& header : got.headers) {
    if (header.name != "outbox-id" && header.name != "outbox-prev") own.push_back(header);
  }
  CHECK(own == sent.headers);
}

TEST_CASE(
    "ten thousand messages of many shapes arrive as they were, in order, with a closed chain") {
  constexpr std::size_t kMessages = 10'000;
  constexpr std::uint32_t kSeed = 42;
  const std::map<std::string, int> topics{{"a", 3}, {"b.dots", 1}, {"c_under-score", 5}};
  INFO("seed " << kSeed);
  std::mt19937 random(kSeed);
  RelayRig rig;
  for (const auto& [topic, partitions] : topics) rig.cluster().create_topic(topic, partitions);
  Consumer consumer(rig.cluster().bootstrap_servers(), topics);

  std::map<std::pair<std::string, Seq>, Message> sent;
  std::vector<Message> batch;
  rig.start();
  for (std::size_t i = 0; i < kMessages; ++i) {
    auto topic = topics.begin();
    std::advance(topic, random() % topics.size());
    batch.push_back(random_message(random, topic->first));
    if (batch.size() < 1 + random() % 500 && i + 1 < kMessages) continue;
    const auto appended = rig.outbox().append_batch(batch);
    REQUIRE(appended.ok());
    for (std::size_t j = 0; j < batch.size(); ++j) {
      sent[{batch[j].topic, (*appended)[j].seq}] = batch[j];
    }
    batch.clear();
  }
  rig.drain();

  const auto& all = consumer.read_until(kMessages, kPatience);
  REQUIRE(all.size() == kMessages);
  std::map<std::pair<std::string, std::int32_t>, Seq> last;
  for (const Consumed& got : all) {
    const Seq seq = seq_of(got);
    INFO(got.topic << " [" << got.partition << "] seq " << seq);
    const auto original = sent.find({got.topic, seq});
    REQUIRE(original != sent.end());
    check_equal(got, original->second);
    const PartitionCount count{1, topics.at(got.topic), rig.options().keyless_block_entries};
    CHECK(got.partition == place({&count, 1}, seq, original->second.key, std::nullopt));
    Seq& previous = last[{got.topic, got.partition}];
    CHECK(got.header("outbox-prev") == std::to_string(previous));
    CHECK(seq > previous);
    previous = seq;
    sent.erase(original);
  }
  CHECK(sent.empty());
}

TEST_CASE("a given partition wins over the key") {
  RelayRig rig;
  rig.cluster().create_topic("t", 4);
  rig.start();
  Message message;
  message.topic = "t";
  message.key = "k";
  message.value = "v";
  for (std::int32_t partition = 0; partition < 4; ++partition) {
    message.partition = partition;
    REQUIRE(rig.outbox().append(message).ok());
  }
  rig.drain();
  Consumer consumer(rig.cluster().bootstrap_servers(), {{"t", 4}});
  consumer.read_until(4, kPatience);
  for (std::int32_t partition = 0; partition < 4; ++partition) {
    CHECK(values_in(consumer.all(), "t", partition).size() == 1);
  }
}

TEST_CASE("without id headers a message carries only its own") {
  RelayRig rig;
  rig.options().id_headers = false;
  rig.cluster().create_topic("t", 1);
  rig.start();
  rig.append("t", "v");
  rig.drain();
  Consumer consumer(rig.cluster().bootstrap_servers(), {{"t", 1}});
  REQUIRE(consumer.read_until(1, kPatience).size() == 1);
  CHECK(consumer.all().front().headers.empty());
}

TEST_CASE("a relay that is stopped and started again goes on where it was") {
  RelayRig rig;
  rig.cluster().create_topic("t", 1);
  for (int i = 0; i < 100; ++i) rig.append("t", std::to_string(i));
  rig.start();
  rig.drain();
  rig.stop();
  for (int i = 100; i < 200; ++i) rig.append("t", std::to_string(i));
  rig.reopen();
  rig.start();
  for (int i = 200; i < 300; ++i) rig.append("t", std::to_string(i));
  rig.drain();
  const auto settled = rig.outbox().settled_through("t");
  REQUIRE(settled.ok());

  Consumer consumer(rig.cluster().bootstrap_servers(), {{"t", 1}});
  consumer.read_until(300, kPatience);
  const auto values = values_in(consumer.all(), "t", 0);
  REQUIRE(values.size() == 300);
  for (std::size_t i = 0; i < values.size(); ++i) CHECK(values[i] == std::to_string(i));
}

TEST_CASE("a delivery callback tells partition and offset, and flush_until waits for it") {
  RelayRig rig;
  rig.cluster().create_topic("t", 1);
  rig.start();
  std::mutex mutex;
  std::vector<DeliveryOutcome> outcomes;
  Message message;
  message.topic = "t";
  message.value = "v";
  Seq last = 0;
  for (int i = 0; i < 50; ++i) {
    const auto appended = rig.outbox().append(message, [&](const DeliveryOutcome& outcome) {
      const std::lock_guard lock(mutex);
      outcomes.push_back(outcome);
    });
    REQUIRE(appended.ok());
    last = appended->seq;
  }
  CHECK(rig.outbox().flush_until("t", last, kPatience).ok());
  REQUIRE(wait_until(
      [&] {
        const std::lock_guard lock(mutex);
        return outcomes.size() == 50;
      },
      kPatience));
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    CHECK(outcomes[i].topic == "t");
    CHECK(outcomes[i].seq == i + 1);
    REQUIRE(outcomes[i].delivered());
    CHECK(std::get<Delivered>(outcomes[i].how).partition == 0);
    CHECK(std::get<Delivered>(outcomes[i].how).offset == static_cast<std::int64_t>(i));
  }
}

TEST_CASE("a slow delivery callback does not hold up the relay") {
  RelayRig rig;
  rig.cluster().create_topic("t", 1);
  rig.start();
  std::mutex gate;
  std::unique_lock closed(gate);
  Message message;
  message.topic = "t";
  message.value = "v";
  REQUIRE(rig.outbox()
              .append(message, [&](const DeliveryOutcome&) { const std::lock_guard lock(gate); })
              .ok());
  for (int i = 0; i < 100; ++i) rig.append("t", "w");
  rig.drain();
  closed.unlock();
}

TEST_CASE("a paused topic waits while others flow, and a paused relay waits with all") {
  RelayRig rig;
  rig.cluster().create_topic("held", 1);
  rig.cluster().create_topic("free", 1);
  rig.start();
  rig.append("held", "0");
  rig.drain();
  rig.relay().pause("held");
  const Seq held = rig.append("held", "1");
  const Seq open = rig.append("free", "1");
  CHECK(rig.outbox().flush_until("free", open, kPatience).ok());
  CHECK(rig.outbox().flush_until("held", held, 200ms).code() == Code::kTimeout);
  CHECK(rig.wait_state("held", "paused"));
  CHECK(rig.relay().drain(100ms).code() == Code::kTimeout);
  rig.relay().resume("held");
  rig.drain();

  rig.relay().pause("");
  const Seq later = rig.append("free", "2");
  CHECK(rig.outbox().flush_until("free", later, 200ms).code() == Code::kTimeout);
  rig.relay().resume("");
  rig.drain();
}

TEST_CASE("a second relay on the same outbox is refused, and unsafe settings by name") {
  RelayRig rig;
  rig.start();
  CHECK(Relay::start(rig.outbox(), rig.options()).status().code() == Code::kBusy);
  rig.stop();
  rig.options().kafka_properties["acks"] = "1";
  const auto refused = Relay::start(rig.outbox(), rig.options());
  CHECK(refused.status().code() == Code::kUnsafeSetting);
  CHECK(refused.status().message().find("acks") != std::string::npos);
}

TEST_CASE("a purge while the relay runs gives pending entries up, with a record and callbacks") {
  RelayRig rig;
  rig.cluster().create_topic("t", 1);
  rig.cluster().set_topic_error("wrong", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  rig.start();
  std::atomic<int> dead{0};
  Message message;
  message.topic = "wrong";
  message.value = "v";
  for (int i = 0; i < 10; ++i) {
    REQUIRE(
        rig.outbox()
            .append(message,
                    [&](const DeliveryOutcome& outcome) { dead += outcome.delivered() ? 0 : 1; })
            .ok());
  }
  rig.append("t", "v");
  const auto record = rig.outbox().purge("wrong", 0, "test");
  INFO(record.status().to_string());
  REQUIRE(record.ok());
  CHECK(record->count == 10);
  CHECK(record->from == 1);
  CHECK(record->through == 10);
  rig.drain();
  CHECK(rig.lane("wrong").ledger.purged == 10);
  CHECK(wait_until([&] { return dead == 10; }, kPatience));
}

}  // namespace
}  // namespace outbox::test

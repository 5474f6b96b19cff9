#include "cli/demo_reader.h"

#include <librdkafka/rdkafka.h>

#include <array>
#include <string_view>
#include <utility>

namespace outbox::cli {
namespace {

constexpr int kPollMs = 200;

std::string_view view(const void* data, std::size_t size) {
  return {static_cast<const char*>(data), size};
}

rd_kafka_conf_t* consumer_conf(const std::string& bootstrap_servers, std::string& error) {
  const std::array<std::pair<const char*, const char*>, 6> settings{{
      {"bootstrap.servers", bootstrap_servers.c_str()},
      {"group.id", "outbox-demo-reader"},
      {"enable.auto.commit", "false"},       // nothing to come back to
      {"auto.offset.reset", "earliest"},     // never skip what was trimmed silently
      {"reconnect.backoff.max.ms", "1000"},  // the demo's brokers are down for seconds only
      {"log_level", "0"},                    // the outage is part of the show
  }};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> text{};
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name, value, text.data(), text.size()) != RD_KAFKA_CONF_OK) {
      error = text.data();
      rd_kafka_conf_destroy(conf);
      return nullptr;
    }
  }
  return conf;
}

}  // namespace

Result<std::unique_ptr<DemoReader>> DemoReader::open(const std::string& bootstrap_servers,
                                                     const std::string& topic, int partitions,
                                                     DemoCheck& check) {
  std::string error;
  rd_kafka_conf_t* conf = consumer_conf(bootstrap_servers, error);
  if (conf == nullptr) return Status(Code::kInvalidArgument, error);
  std::array<char, 512> text{};
  rd_kafka_t* consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text.data(), text.size());
  if (consumer == nullptr) {
    rd_kafka_conf_destroy(conf);
    return Status(Code::kKafka, text.data());
  }
  rd_kafka_poll_set_consumer(consumer);
  auto* assignment = rd_kafka_topic_partition_list_new(partitions);
  for (int partition = 0; partition < partitions; ++partition) {
    rd_kafka_topic_partition_list_add(assignment, topic.c_str(), partition)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  }
  const auto assigned = rd_kafka_assign(consumer, assignment);
  rd_kafka_topic_partition_list_destroy(assignment);
  if (assigned != RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_destroy(consumer);
    return Status(Code::kKafka, rd_kafka_err2str(assigned));
  }
  return std::unique_ptr<DemoReader>(new DemoReader(consumer, check));
}

DemoReader::DemoReader(rd_kafka_s* consumer, DemoCheck& check)
    : consumer_(consumer), check_(check), thread_([this] { loop(); }) {}

DemoReader::~DemoReader() {
  stop_ = true;
  thread_.join();
  rd_kafka_destroy(consumer_);
}

void DemoReader::loop() {
  while (!stop_) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer_, kPollMs);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      check_.read(view(message->key, message->key_len), view(message->payload, message->len));
    }
    rd_kafka_message_destroy(message);
  }
}

}  // namespace outbox::cli

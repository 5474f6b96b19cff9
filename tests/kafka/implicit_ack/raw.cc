#include <librdkafka/rdkafka.h>

#include <stdexcept>
#include <vector>

#include "kafka/implicit_ack/trials.h"

namespace outbox::test {
namespace {

constexpr int kFlushMs = 90'000;

struct Trial {
  const Reported* reported;
  std::vector<std::string> values;
};

void on_report(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  const auto& trial = *static_cast<const Trial*>(opaque);
  const auto index = reinterpret_cast<std::uintptr_t>(message->_private);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    (*trial.reported)(trial.values.at(index), message->offset);
  }
}

rd_kafka_t* make(const std::string& bootstrap, Trial& trial) {
  char text[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::map<std::string, std::string> properties = impatient();
  properties["bootstrap.servers"] = bootstrap;
  properties["enable.idempotence"] = "true";
  properties["acks"] = "all";
  properties["linger.ms"] = "0";
  properties["message.timeout.ms"] = "60000";
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text, sizeof text) !=
        RD_KAFKA_CONF_OK) {
      throw std::runtime_error(text);
    }
  }
  rd_kafka_conf_set_dr_msg_cb(conf, on_report);
  rd_kafka_conf_set_log_cb(conf, nullptr);
  rd_kafka_conf_set_opaque(conf, &trial);
  rd_kafka_t* producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
  if (producer == nullptr) throw std::runtime_error(text);
  return producer;
}

}  // namespace

void raw_trials(const std::string& bootstrap, const std::string& topic, int trials,
                const Reported& reported) {
  for (int number = 0; number < trials; ++number) {
    Trial trial{&reported, {}};
    for (int i = 0; i < kMessagesPerTrial; ++i) {
      trial.values.push_back(std::to_string(number) + "." + std::to_string(i));
    }
    rd_kafka_t* const producer = make(bootstrap, trial);
    rd_kafka_topic_t* const handle = rd_kafka_topic_new(producer, topic.c_str(), nullptr);
    for (std::uintptr_t i = 0; i < trial.values.size(); ++i) {
      std::string& value = trial.values[i];
      if (rd_kafka_produce(handle, kPartition, RD_KAFKA_MSG_F_COPY, value.data(), value.size(),
                           nullptr, 0, reinterpret_cast<void*>(i)) != 0) {
        throw std::runtime_error("librdkafka's queue is full");
      }
    }
    rd_kafka_flush(producer, kFlushMs);
    rd_kafka_topic_destroy(handle);
    rd_kafka_destroy(producer);
  }
}

}  // namespace outbox::test

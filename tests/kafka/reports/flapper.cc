#include "kafka/reports/flapper.h"

#include <librdkafka/rdkafka.h>

#include <stdexcept>
#include <utility>

namespace outbox::test {
namespace {

constexpr int kAnswerMs = 5'000;

}  // namespace

Flapper::Flapper(const std::string& bootstrap, std::string topic,
                 std::chrono::milliseconds every_ms)
    : topic_(std::move(topic)), every_ms_(every_ms) {
  char text[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  (void)rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap.c_str(), text, sizeof text);
  client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
  if (client_ == nullptr) throw std::runtime_error(text);
  answers_ = rd_kafka_queue_new(client_);
  thread_ = std::jthread([this] { run(); });
}

Flapper::~Flapper() {
  stop_ = true;
  thread_.join();
  set("1");
  rd_kafka_queue_destroy(answers_);
  rd_kafka_destroy(client_);
}

void Flapper::run() {
  while (!stop_) {
    set(turns_++ % 2 == 0 ? "3" : "1");
    std::this_thread::sleep_for(every_ms_);  // its pace, nothing is waited for
  }
}

void Flapper::set(const char* replicas) {
  rd_kafka_ConfigResource_t* resource =
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic_.c_str());
  rd_kafka_ConfigResource_set_config(resource, "min.insync.replicas", replicas);
  rd_kafka_AlterConfigs(client_, &resource, 1, nullptr, answers_);
  if (rd_kafka_event_t* answer = rd_kafka_queue_poll(answers_, kAnswerMs); answer != nullptr) {
    rd_kafka_event_destroy(answer);
  }
  rd_kafka_ConfigResource_destroy(resource);
}

}  // namespace outbox::test

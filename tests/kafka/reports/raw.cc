#include <librdkafka/rdkafka.h>

#include <memory>
#include <stdexcept>
#include <thread>

#include "kafka/reports/plan.h"

namespace outbox::test {
namespace {

constexpr int kFlushMs = 90'000;

void on_report(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  (*static_cast<const Reported*>(opaque))(
      {static_cast<const char*>(message->payload), message->len}, message->offset);
}

/// A producer, ended and made anew between trials or not.
class Sender {
 public:
  Sender(const Plan& plan, const Reported& reported) : plan_(plan) {
    char text[512];
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    std::map<std::string, std::string> properties = plan.properties;
    properties["bootstrap.servers"] = plan.bootstrap;
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
    rd_kafka_conf_set_opaque(conf, const_cast<Reported*>(&reported));
    producer_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (producer_ == nullptr) throw std::runtime_error(text);
  }

  ~Sender() { rd_kafka_destroy(producer_); }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  void send(int trial) {
    const auto created_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch() - plan_.age);
    for (int i = 0; i < plan_.messages; ++i) {
      std::string value = value_of(trial, i);
      const rd_kafka_resp_err_t error = rd_kafka_producev(
          producer_, RD_KAFKA_V_TOPIC(plan_.topic.c_str()), RD_KAFKA_V_PARTITION(kPartition),
          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(value.data(), value.size()),
          RD_KAFKA_V_TIMESTAMP(created_ms.count()), RD_KAFKA_V_END);
      if (error == RD_KAFKA_RESP_ERR__FATAL) return;  // nothing of it is reported OK
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
    }
    rd_kafka_flush(producer_, kFlushMs);
  }

  bool fatal() const {
    char text[64];
    return rd_kafka_fatal_error(producer_, text, sizeof text) != RD_KAFKA_RESP_ERR_NO_ERROR;
  }

 private:
  const Plan& plan_;
  rd_kafka_t* producer_ = nullptr;
};

}  // namespace

std::uint64_t send_raw(const Plan& plan, const Reported& reported) {
  std::uint64_t producers = 0;
  std::unique_ptr<Sender> sender;
  for (int trial = 0; trial < plan.trials; ++trial) {
    if (!sender || !plan.one_sender || sender->fatal()) {
      sender = std::make_unique<Sender>(plan, reported);
      ++producers;
    }
    sender->send(trial);
    std::this_thread::sleep_for(plan.pause);  // its pace, nothing is waited for
  }
  return producers;
}

}  // namespace outbox::test

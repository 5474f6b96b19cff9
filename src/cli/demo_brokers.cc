#include "cli/demo_brokers.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace outbox::cli {
namespace {

constexpr int kMockBrokers = 3;
constexpr int kAdminTimeoutMs = 20'000;

struct DestroyHandle {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
};
using Handle = std::unique_ptr<rd_kafka_t, DestroyHandle>;

Result<Handle> new_handle(rd_kafka_type_t type, const std::string& bootstrap_servers) {
  std::array<char, 512> error{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  if (!bootstrap_servers.empty() &&
      rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap_servers.c_str(), error.data(),
                        error.size()) != RD_KAFKA_CONF_OK) {
    rd_kafka_conf_destroy(conf);
    return Status(Code::kInvalidArgument, error.data());
  }
  rd_kafka_t* handle = rd_kafka_new(type, conf, error.data(), error.size());
  if (handle == nullptr) {
    rd_kafka_conf_destroy(conf);
    return Status(Code::kKafka, error.data());
  }
  return Handle(handle);
}

class MockBrokers final : public DemoBrokers {
 public:
  MockBrokers(Handle handle, rd_kafka_mock_cluster_t* cluster)
      : handle_(std::move(handle)), cluster_(cluster) {}
  ~MockBrokers() override { rd_kafka_mock_cluster_destroy(cluster_); }

  std::string bootstrap_servers() const override {
    return rd_kafka_mock_cluster_bootstraps(cluster_);
  }
  std::string describe() const override {
    return "librdkafka's mock cluster (" + std::to_string(kMockBrokers) +
           " brokers in this process)";
  }
  int max_in_flight_requests() const override { return 1; }
  bool can_go_down() const override { return true; }
  Status go_down() override { return each(rd_kafka_mock_broker_set_down); }
  Status come_up() override { return each(rd_kafka_mock_broker_set_up); }

 private:
  Status each(rd_kafka_resp_err_t (*set)(rd_kafka_mock_cluster_t*, std::int32_t)) {
    for (int broker = 1; broker <= kMockBrokers; ++broker) {
      if (const auto error = set(cluster_, broker); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return Status(Code::kKafka, rd_kafka_err2str(error));
      }
    }
    return {};
  }

  Handle handle_;
  rd_kafka_mock_cluster_t* const cluster_;
};

class RealBrokers final : public DemoBrokers {
 public:
  RealBrokers(std::string bootstrap_servers, std::string down, std::string up)
      : bootstrap_servers_(std::move(bootstrap_servers)),
        down_(std::move(down)),
        up_(std::move(up)) {}

  std::string bootstrap_servers() const override { return bootstrap_servers_; }
  std::string describe() const override { return "Kafka at " + bootstrap_servers_; }
  int max_in_flight_requests() const override { return 5; }
  bool can_go_down() const override { return !down_.empty() && !up_.empty(); }
  Status go_down() override { return run(down_); }
  Status come_up() override { return run(up_); }

 private:
  static Status run(const std::string& command) {
    const int code = std::system(command.c_str());  // NOLINT(cert-env33-c): the user's own command
    if (code == 0) return {};
    return Status(Code::kIoError, "command failed (" + std::to_string(code) + "): " + command);
  }

  const std::string bootstrap_servers_;
  const std::string down_;
  const std::string up_;
};

/// The brokers' answer to CreateTopics; an existing topic is fine.
Status created(rd_kafka_event_t* event) {
  if (event == nullptr) return Status(Code::kTimeout, "the brokers did not answer in time");
  if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Status(Code::kKafka, rd_kafka_event_error_string(event));
  }
  std::size_t count = 0;
  const auto* result = rd_kafka_event_CreateTopics_result(event);
  const auto** topics = rd_kafka_CreateTopics_result_topics(result, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto error = rd_kafka_topic_result_error(topics[i]);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      return Status(Code::kKafka, rd_kafka_topic_result_error_string(topics[i]));
    }
  }
  return {};
}

Status create_topic(rd_kafka_t* handle, const std::string& topic, int partitions) {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error = rd_kafka_metadata(handle, 0, nullptr, &metadata, kAdminTimeoutMs);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Status(Code::kKafka,
                  std::string("cannot reach the brokers: ") + rd_kafka_err2str(error));
  }
  const int replicas = std::min(metadata->broker_cnt, 3);
  rd_kafka_metadata_destroy(metadata);

  std::array<char, 512> text{};
  rd_kafka_NewTopic_t* wanted =
      rd_kafka_NewTopic_new(topic.c_str(), partitions, replicas, text.data(), text.size());
  if (wanted == nullptr) return Status(Code::kInvalidArgument, text.data());
  rd_kafka_NewTopic_set_config(wanted, "min.insync.replicas", replicas == 3 ? "2" : "1");
  rd_kafka_queue_t* queue = rd_kafka_queue_new(handle);
  rd_kafka_CreateTopics(handle, &wanted, 1, nullptr, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, kAdminTimeoutMs);
  const Status status = created(event);
  if (event != nullptr) rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_NewTopic_destroy(wanted);
  return status;
}

}  // namespace

Result<std::unique_ptr<DemoBrokers>> mock_brokers(const std::string& topic, int partitions) {
  auto handle = new_handle(RD_KAFKA_PRODUCER, "");
  if (!handle.ok()) return handle.status();
  auto* cluster = rd_kafka_mock_cluster_new(handle->get(), kMockBrokers);
  if (cluster == nullptr) return Status(Code::kKafka, "librdkafka gave no mock cluster");
  rd_kafka_mock_topic_create(cluster, topic.c_str(), partitions, kMockBrokers);
  return std::unique_ptr<DemoBrokers>(new MockBrokers(std::move(*handle), cluster));
}

Result<std::unique_ptr<DemoBrokers>> real_brokers(const std::string& bootstrap_servers,
                                                  const std::string& topic, int partitions,
                                                  const std::string& down_command,
                                                  const std::string& up_command) {
  auto handle = new_handle(RD_KAFKA_PRODUCER, bootstrap_servers);
  if (!handle.ok()) return handle.status();
  if (Status status = create_topic(handle->get(), topic, partitions); !status.ok()) return status;
  return std::unique_ptr<DemoBrokers>(new RealBrokers(bootstrap_servers, down_command, up_command));
}

}  // namespace outbox::cli

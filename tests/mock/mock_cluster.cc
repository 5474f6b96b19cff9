#include "mock/mock_cluster.h"

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <string_view>

namespace outbox::test {
namespace {

constexpr std::size_t kErrorTextBytes = 256;
constexpr const char* kDebugLevel = "7";
constexpr std::int32_t kFirstBroker = 1;
constexpr int kNoDelayMs = 0;

void set(rd_kafka_conf_t* conf, const char* name, const std::string& value) {
  std::array<char, kErrorTextBytes> text{};
  REQUIRE(rd_kafka_conf_set(conf, name, value.c_str(), text.data(), text.size()) ==
          RD_KAFKA_CONF_OK);
}

rd_kafka_t* make(rd_kafka_type_t type, rd_kafka_conf_t* conf) {
  std::array<char, kErrorTextBytes> text{};
  rd_kafka_t* handle = rd_kafka_new(type, conf, text.data(), text.size());
  REQUIRE(handle != nullptr);
  return handle;
}

std::optional<std::string> bytes(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

Consumed consumed_of(const rd_kafka_message_t& message) {
  Consumed out;
  out.topic = rd_kafka_topic_name(message.rkt);
  out.partition = message.partition;
  out.offset = message.offset;
  out.key = bytes(message.key, message.key_len);
  out.value = bytes(message.payload, message.len);
  out.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return out;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    out.headers.push_back({name, bytes(value, size)});
  }
  return out;
}

}  // namespace

std::string Consumed::header(const std::string& name) const {
  for (const auto& header : headers) {
    if (header.name == name) return header.value.value_or("");
  }
  return {};
}

/// The mock cluster of 2.0.2 counts no requests, but it logs each.
struct MockCluster::Seen {
  std::atomic<std::size_t> produce{0};
  std::atomic<std::size_t> metadata{0};
  std::atomic<std::size_t> init_producer_id{0};

  void take(std::string_view line) {
    if (line.find("Received ProduceRequest") != line.npos) ++produce;
    if (line.find("Received MetadataRequest") != line.npos) ++metadata;
    if (line.find("Received InitProducerIdRequest") != line.npos) ++init_producer_id;
  }

  rd_kafka_conf_t* conf() {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    set(conf, "debug", "mock");
    set(conf, "log_level", kDebugLevel);
    rd_kafka_conf_set_opaque(conf, this);
    rd_kafka_conf_set_log_cb(conf,
                             [](const rd_kafka_t* handle, int, const char*, const char* line) {
                               static_cast<Seen*>(rd_kafka_opaque(handle))->take(line);
                             });
    return conf;
  }
};

MockCluster::MockCluster(int brokers)
    : seen_(std::make_unique<Seen>()),
      handle_(make(RD_KAFKA_PRODUCER, seen_->conf())),
      cluster_(rd_kafka_mock_cluster_new(handle_, brokers)),
      brokers_(brokers) {
  REQUIRE(cluster_ != nullptr);
}

MockCluster::~MockCluster() {
  rd_kafka_mock_cluster_destroy(cluster_);
  rd_kafka_destroy(handle_);
}

std::string MockCluster::bootstrap_servers() const {
  return rd_kafka_mock_cluster_bootstraps(cluster_);
}

void MockCluster::create_topic(const std::string& topic, int partitions) {
  REQUIRE(rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, brokers_) == 0);
}

void MockCluster::set_all(bool up) {
  for (int id = 1; id <= brokers_; ++id) set_broker(id, up);
}

void MockCluster::set_broker(int id, bool up) {
  REQUIRE((up ? rd_kafka_mock_broker_set_up(cluster_, id)
              : rd_kafka_mock_broker_set_down(cluster_, id)) == 0);
}

void MockCluster::set_rtt(std::chrono::milliseconds rtt) {
  for (int id = 1; id <= brokers_; ++id) {
    REQUIRE(rd_kafka_mock_broker_set_rtt(cluster_, id, static_cast<int>(rtt.count())) == 0);
  }
}

void MockCluster::set_leader(const std::string& topic, int partition, int broker) {
  REQUIRE(rd_kafka_mock_partition_set_leader(cluster_, topic.c_str(), partition, broker) == 0);
}

void MockCluster::fail(Request kind, rd_kafka_resp_err_t error, std::size_t count) {
  const std::vector<rd_kafka_resp_err_t> errors(count, error);
  rd_kafka_mock_push_request_errors_array(cluster_, static_cast<std::int16_t>(kind), errors.size(),
                                          errors.data());
}

void MockCluster::clear_failures(Request kind) {
  rd_kafka_mock_clear_request_errors(cluster_, static_cast<std::int16_t>(kind));
}

void MockCluster::fail_at_first(Request kind, rd_kafka_resp_err_t error, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    REQUIRE(rd_kafka_mock_broker_push_request_error_rtts(cluster_, kFirstBroker,
                                                         static_cast<std::int16_t>(kind), 1, error,
                                                         kNoDelayMs) == 0);
  }
}

std::size_t MockCluster::left_at_first(Request kind) const {
  std::size_t left = 0;
  REQUIRE(rd_kafka_mock_broker_error_stack_cnt(cluster_, kFirstBroker,
                                               static_cast<std::int16_t>(kind), &left) == 0);
  return left;
}

std::size_t MockCluster::requests(Request kind) const {
  switch (kind) {
    case Request::kProduce:
      return seen_->produce;
    case Request::kMetadata:
      return seen_->metadata;
    case Request::kInitProducerId:
      return seen_->init_producer_id;
  }
  return 0;
}

void MockCluster::set_topic_error(const std::string& topic, rd_kafka_resp_err_t error) {
  rd_kafka_mock_topic_set_error(cluster_, topic.c_str(), error);
}

Consumer::Consumer(const std::string& bootstrap_servers, const std::map<std::string, int>& topics) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", bootstrap_servers);
  set(conf, "log_level", "0");
  set(conf, "group.id", "reader");
  set(conf, "enable.auto.commit", "false");
  set(conf, "reconnect.backoff.ms", "20");
  set(conf, "reconnect.backoff.max.ms", "100");
  handle_ = make(RD_KAFKA_CONSUMER, conf);
  rd_kafka_poll_set_consumer(handle_);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  for (const auto& [topic, partitions] : topics) {
    for (int i = 0; i < partitions; ++i) {
      rd_kafka_topic_partition_list_add(list, topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    }
  }
  REQUIRE(rd_kafka_assign(handle_, list) == 0);
  rd_kafka_topic_partition_list_destroy(list);
}

Consumer::~Consumer() { rd_kafka_destroy(handle_); }

bool Consumer::read_one(std::chrono::milliseconds timeout_ms) {
  rd_kafka_message_t* message =
      rd_kafka_consumer_poll(handle_, static_cast<int>(timeout_ms.count()));
  if (message == nullptr) return false;
  const bool got = message->err == 0;
  if (got) all_.push_back(consumed_of(*message));
  rd_kafka_message_destroy(message);
  return got;
}

const std::vector<Consumed>& Consumer::read_until(std::size_t count,
                                                  std::chrono::milliseconds timeout_ms) {
  constexpr std::chrono::milliseconds kPollMs{100};
  const auto deadline = std::chrono::steady_clock::now() + timeout_ms;
  while (all_.size() < count && std::chrono::steady_clock::now() < deadline) read_one(kPollMs);
  return all_;
}

}  // namespace outbox::test

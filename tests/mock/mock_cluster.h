#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outbox/message.h"

namespace outbox::test {

/// What a consumer got.
struct Consumed {
  std::string topic;
  std::int32_t partition = -1;
  std::int64_t offset = -1;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<Header> headers;
  std::int64_t timestamp_ms = 0;

  /// The value of a header; empty when there is none.
  std::string header(const std::string& name) const;
};

/// Kinds of requests, by their number in Kafka's protocol.
enum class Request : std::int16_t { kProduce = 0, kMetadata = 3, kInitProducerId = 22 };

/// librdkafka's mock cluster of three brokers in this process.
class MockCluster {
 public:
  explicit MockCluster(int brokers = 3);
  ~MockCluster();
  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;

  std::string bootstrap_servers() const;
  void create_topic(const std::string& topic, int partitions);
  void set_all(bool up);
  void set_broker(int id, bool up);
  /// Every answer of every broker takes that long.
  void set_rtt(std::chrono::milliseconds rtt);
  void set_leader(const std::string& topic, int partition, int broker);
  /// The next `count` requests of the kind are answered with `error`, and nothing is done. Not
  /// for metadata: an answer has no error for all of it.
  void fail(Request kind, rd_kafka_resp_err_t error, std::size_t count);
  void clear_failures(Request kind);
  /// The same of the first broker; what is left of them is counted, and cannot be cleared. From
  /// then on fail() does nothing for the kind.
  void fail_at_first(Request kind, rd_kafka_resp_err_t error, std::size_t count);
  std::size_t left_at_first(Request kind) const;
  /// Requests of the kind that came so far, whoever sent them.
  std::size_t requests(Request kind) const;
  /// Every metadata answer carries this error for the topic; 0 heals it.
  void set_topic_error(const std::string& topic, rd_kafka_resp_err_t error);

 private:
  struct Seen;
  std::unique_ptr<Seen> seen_;
  rd_kafka_t* handle_;
  rd_kafka_mock_cluster_t* cluster_;
  int brokers_;
};

/// Reads topics of a cluster from their beginnings.
class Consumer {
 public:
  /// `topics`: name -> partitions.
  Consumer(const std::string& bootstrap_servers, const std::map<std::string, int>& topics);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  /// Everything so far, after waiting until there are at least `count`.
  const std::vector<Consumed>& read_until(std::size_t count, std::chrono::milliseconds timeout_ms);
  /// One more message if it comes within the time.
  bool read_one(std::chrono::milliseconds timeout_ms);
  const std::vector<Consumed>& all() const { return all_; }

 private:
  rd_kafka_t* handle_;
  std::vector<Consumed> all_;
};

}  // namespace outbox::test

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kafka/client.h"
#include "outbox/options.h"

namespace outbox::bench {

/// librdkafka as a service would use it without an outbox: the relay's own
/// settings, the same placement over the partitions, headers of the same
/// names and lengths, values that librdkafka need not copy, delivery reports
/// as events. Nothing is stored. One thread.
class RawProducer {
 public:
  RawProducer(const RelayOptions& options, const std::string& topic, std::int32_t partitions);

  /// Produces the values `first`, ... in order, within the relay's in-flight
  /// budget, and returns when each has a delivery report with a real offset.
  void produce_all(const std::string& value, std::uint64_t count);

 private:
  void produce(const std::string& value);
  void take_reports(int timeout_ms);

  const RelayOptions options_;
  const std::int32_t partitions_;
  kafka::Client client_;
  kafka::TopicPtr topic_;
  std::vector<const rd_kafka_message_t*> messages_;
  std::vector<std::uint64_t> prev_;  ///< by partition
  std::uint64_t next_ = 1;
  std::uint64_t in_flight_ = 0;
  std::uint64_t in_flight_bytes_ = 0;
};

/// A topic with the brokers' default replication, as long as the object lives.
class BenchTopic {
 public:
  /// Returns when every partition has a leader. One that exists already ends the program.
  BenchTopic(const RelayOptions& options, std::string topic, std::int32_t partitions);
  ~BenchTopic();
  BenchTopic(const BenchTopic&) = delete;
  BenchTopic& operator=(const BenchTopic&) = delete;
  const std::string& name() const { return name_; }

 private:
  kafka::Client client_;
  const std::string name_;
};

}  // namespace outbox::bench

#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "kafka/consumer_api.h"

namespace outbox::inbox::test {

/// Kafka, as far as one consumer sees it; the test decides, the poll thread asks.
class FakeKafka {
 public:
  struct Partition {
    std::vector<Received> log;  ///< ascending offsets
    std::int64_t low = 0;
    std::int64_t high = 0;
    kafka::PartitionOffset committed;
    bool assigned = false;
    bool paused = false;
    std::int64_t next = 0;
  };

  /// Appends a message; answers its offset.
  std::int64_t append(const kafka::TopicPartition& where, const std::string& key,
                      const std::string& value, std::vector<Header> headers = {});
  void rebalance(kafka::ConsumerEvent event);
  std::int64_t committed(const kafka::TopicPartition& where);
  bool assigned(const kafka::TopicPartition& where);
  bool paused(const kafka::TopicPartition& where);
  /// Calls of the consumer, not partitions.
  std::uint64_t count_commits();

  std::mutex mutex;
  std::condition_variable changed;
  std::map<kafka::TopicPartition, Partition> partitions;
  std::vector<kafka::ConsumerEvent> events;
  std::uint64_t polls = 0;
  std::uint64_t commits = 0;
  bool down = false;             ///< nothing can be asked, nothing committed
  bool refuses_commits = false;  ///< of all, only those
  bool electing = false;         ///< no leader tells its ends
};

class FakeConsumer final : public kafka::ConsumerApi {
 public:
  explicit FakeConsumer(FakeKafka& kafka) : kafka_(kafka) {}
  ~FakeConsumer() override;

  Status subscribe(const std::vector<std::string>& topics) override;
  void poll(std::vector<kafka::ConsumerEvent>& into, const kafka::PollLimits& limits,
            std::chrono::milliseconds timeout) override;
  Status assign(const std::vector<kafka::PartitionOffset>& starts) override;
  Status unassign(const std::vector<kafka::TopicPartition>& partitions) override;
  Status pause(const std::vector<kafka::TopicPartition>& partitions) override;
  Status resume(const std::vector<kafka::TopicPartition>& partitions) override;
  Status seek(const kafka::PartitionOffset& to) override;
  Result<std::vector<kafka::PartitionOffset>> committed(
      const std::vector<kafka::TopicPartition>& partitions,
      std::chrono::milliseconds timeout) override;
  Result<kafka::Ends> ends(const kafka::TopicPartition& where,
                           std::chrono::milliseconds timeout) override;
  Status commit(const std::vector<kafka::PartitionOffset>& offsets) override;
  void commit_async(const std::vector<kafka::PartitionOffset>& offsets) override;
  void close() override {}

 private:
  bool fetch(std::vector<kafka::ConsumerEvent>& into, const kafka::PollLimits& limits);
  FakeKafka& kafka_;
};

}  // namespace outbox::inbox::test

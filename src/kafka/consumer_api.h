#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "kafka/producer_api.h"
#include "kafka/topic_partition.h"
#include "outbox/inbox.h"
#include "outbox/status.h"

namespace outbox::kafka {

/// An offset of a partition, and what a commit says with it. Negative: none.
struct PartitionOffset {
  TopicPartition where;
  std::int64_t offset = -1;
  std::string metadata;
};

/// The group gives partitions; they wait for assign().
struct Assigned {
  std::vector<TopicPartition> partitions;
};

/// The group takes partitions; they go with unassign(). `lost`: another member may have them
/// already, so nothing is committed.
struct Revoked {
  std::vector<TopicPartition> partitions;
  bool lost = false;
};

/// A commit_async() came back.
struct CommitResult {
  std::vector<PartitionOffset> offsets;
  std::int32_t error = 0;  ///< rd_kafka_resp_err_t
};

/// Kafka does not have the offset that was to be read next.
struct NotThere {
  TopicPartition where;
};

using ConsumerEvent = std::variant<Received, Assigned, Revoked, CommitResult, NotThere, Notice>;

/// First offset of a partition and its end.
struct Ends {
  std::int64_t low = 0;
  std::int64_t high = 0;
};

/// Of one poll(); at least one message comes whatever its size.
struct PollLimits {
  std::size_t events_max = 1;
  std::size_t bytes_max = 1;  ///< of keys and values
};

/// A Kafka consumer that commits and moves only when it is told to. One thread at a time. The seam
/// between the inbox and librdkafka; tests put a fake here.
class ConsumerApi {
 public:
  virtual ~ConsumerApi() = default;

  /// Joins the group. Partitions come as Assigned.
  virtual Status subscribe(const std::vector<std::string>& topics) = 0;

  /// Waits up to `timeout` for something, and appends what there is, in order, until there is
  /// nothing more or a limit is reached. Must be called all the time, or the group takes the
  /// partitions away.
  virtual void poll(std::vector<ConsumerEvent>& into, const PollLimits& limits,
                    std::chrono::milliseconds timeout) = 0;

  /// Begins to read these as well, from these offsets. Every Assigned is answered so, with all its
  /// partitions; without a group it makes the assignment.
  virtual Status assign(const std::vector<PartitionOffset>& starts) = 0;
  /// Every Revoked is answered so.
  virtual Status unassign(const std::vector<TopicPartition>& partitions) = 0;

  /// What is fetched and not polled is dropped; it comes again after resume().
  virtual Status pause(const std::vector<TopicPartition>& partitions) = 0;
  virtual Status resume(const std::vector<TopicPartition>& partitions) = 0;
  /// Of an assigned partition: what comes next.
  virtual Status seek(const PartitionOffset& to) = 0;

  /// What the group committed; a negative offset where there is none.
  virtual Result<std::vector<PartitionOffset>> committed(
      const std::vector<TopicPartition>& partitions, std::chrono::milliseconds timeout) = 0;
  virtual Result<Ends> ends(const TopicPartition& where, std::chrono::milliseconds timeout) = 0;

  /// Waits for the answer.
  virtual Status commit(const std::vector<PartitionOffset>& offsets) = 0;
  /// Answered by a CommitResult.
  virtual void commit_async(const std::vector<PartitionOffset>& offsets) = 0;

  /// Leaves the group; nothing comes any more. Commits nothing.
  virtual void close() = 0;
};

}  // namespace outbox::kafka

#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "store/byte_meter.h"
#include "store/meta.h"

namespace outbox::store {

/// One topic in memory. Created once, never destroyed before the store.
struct Lane {
  Lane(LaneId lane_id, std::string topic_name) : id(lane_id), topic(std::move(topic_name)) {}

  const LaneId id;
  const std::string topic;

  /// Highest durable sequence number; written by the committer only.
  std::atomic<Seq> tail{0};
  /// Covered by an fsync; what settled_through answers from.
  std::atomic<Seq> durable_head{1};

  // Under the committer's mutex: of the group that is filled.
  Seq next = 1;
  std::uint64_t touched_by_group = 0;
  std::size_t touched_index = 0;

  // Of whoever leads the commit: of the group that is written.
  Seq given = 0;  ///< highest number in the groups up to this one
  std::uint64_t written_by_group = 0;
  std::size_t written_index = 0;
  bool registered = false;                  ///< topic/<id> is in the meta family
  std::uint64_t durable_settled = 0;        ///< entries, as durable_head
  std::uint64_t durable_settled_bytes = 0;  ///< likewise

  /// Guards what follows.
  mutable std::mutex mutex;
  LaneRecord record;  ///< progress and counters as of now, not yet all durable
  ByteMeter bytes;
  bool dirty = false;  ///< `record` differs from the stored one
  std::vector<PartitionCount> placement;
  TopicLimits limits;
};

}  // namespace outbox::store

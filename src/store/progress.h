#pragma once

#include <cstdint>
#include <map>

#include "base/placement.h"
#include "outbox/message.h"

namespace outbox::store {

/// How far a lane is settled (delivered, dead or purged). Within a partition
/// reports come in order, so one number a partition is exact.
struct Progress {
  /// Lowest sequence number that is not settled.
  Seq head = 1;
  /// Per partition: its highest settled entry; all of it up to here are settled.
  /// Kept for ever, also below the head: outbox-prev needs it after a restart.
  std::map<std::int32_t, Seq> through;
  /// Per partition: the highest delivered entry, where that is not `through`
  /// (the entries behind it are dead or purged); what outbox-prev names.
  std::map<std::int32_t, Seq> last_delivered;
  /// Entries above the head that are settled (they lie in `through`), so that
  /// pending = tail - head + 1 - settled_above_head.
  std::uint64_t settled_above_head = 0;

  bool settled(std::int32_t partition, Seq seq) const {
    if (seq < head) return true;
    const auto found = through.find(partition);
    return found != through.end() && seq <= found->second;
  }
  friend bool operator==(const Progress&, const Progress&) = default;
};

/// A topic's limits as last seen by the relay; what append checks against.
struct TopicLimits {
  std::int64_t message_bytes_max = 0;  ///< max.message.bytes; 0 = unknown
  std::int32_t partitions = 0;         ///< 0 = unknown
};

}  // namespace outbox::store

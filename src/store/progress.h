#pragma once

#include <cstdint>
#include <map>

#include "base/placement.h"
#include "outbox/message.h"

namespace outbox::store {

/// How far a lane is settled (delivered, dead or purged). Within a partition
/// reports come in order, so one number a partition is exact.
struct Progress {
  /// No entry below is unsettled.
  Seq head = 1;
  /// Per partition the highest entry that was delivered or buried; every entry
  /// of the partition up to it is settled. Kept for ever, also below the head:
  /// it is what the next entry's outbox-prev is made of.
  std::map<std::int32_t, Seq> through;
  /// Per partition the highest *delivered* entry (0 = none yet); only where it
  /// differs from `through`, that is after a dead letter.
  std::map<std::int32_t, Seq> last_delivered;
  /// Entries at or above the head that are settled, so that
  /// pending = tail - head + 1 - settled_above_head.
  std::uint64_t settled_above_head = 0;

  /// Of all entries ever.
  std::uint64_t settled_entries() const { return head - 1 + settled_above_head; }
  bool settled(std::int32_t partition, Seq seq) const {
    if (seq < head) return true;
    const auto found = through.find(partition);
    return found != through.end() && seq <= found->second;
  }
  /// What the next entry of the partition names as its predecessor; 0 = none.
  Seq prev(std::int32_t partition) const {
    const auto differs = last_delivered.find(partition);
    if (differs != last_delivered.end()) return differs->second;
    const auto found = through.find(partition);
    return found == through.end() ? 0 : found->second;
  }
  friend bool operator==(const Progress&, const Progress&) = default;
};

/// A topic's limits as last seen by the relay; what append checks against.
struct TopicLimits {
  std::int64_t message_bytes_max = 0;  ///< max.message.bytes; 0 = unknown
  std::int32_t partitions = 0;         ///< 0 = unknown

  friend bool operator==(const TopicLimits&, const TopicLimits&) = default;
};

}  // namespace outbox::store

#pragma once

#include <cstdint>

#include "audit/range_set.h"
#include "audit/topic_audit.h"

namespace outbox::audit {

/// The books of one topic of an outbox, read before the topic was.
struct Books {
  Seq head = 1;
  Seq tail = 0;
  std::uint64_t pending = 0;
  RangeSet dead;    ///< dead letters, requeued ones included
  RangeSet purged;  ///< in the range of a purge record
  /// Requeued, and dropped from the list since: nobody knows their numbers.
  std::uint64_t requeued_unlisted = 0;
};

/// What became of the numbers that are not in the topic.
struct Reckoning {
  std::uint64_t dead = 0;
  std::uint64_t purged = 0;
  std::uint64_t requeued = 0;
  std::uint64_t pending = 0;
  RangeSet lost;    ///< in no book
  RangeSet beyond;  ///< in the topic, and above the outbox's tail
};

/// `found`: null = the topic holds nothing of this outbox.
Reckoning reckon(const OutboxFound* found, const Books& books);

}  // namespace outbox::audit

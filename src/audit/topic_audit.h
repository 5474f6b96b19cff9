#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "audit/range_set.h"
#include "inbox/message_id.h"

namespace outbox::audit {

/// All ranges of an audit together; about 64 bytes each.
inline constexpr std::size_t kRangesMax = 1'000'000;

/// What one session of an outbox left in the topic.
struct SessionFound {
  RangeSet seen;
  std::uint64_t doubled = 0;
  std::uint64_t reordered = 0;
};

/// One partition, as one outbox filled it.
struct ChainFound {
  std::uint64_t session = 0;
  Seq first = 0;  ///< the first message that is there
  Seq high = 0;   ///< the newest in order
  RangeSet gaps;  ///< named as the one before, and not there
};

struct OutboxFound {
  RangeSet seen;  ///< over all sessions
  std::map<std::uint64_t, SessionFound> sessions;
  std::map<std::int32_t, ChainFound> chains;

  /// Numbers up to here may have been removed by retention.
  Seq undecided_through = 0;
  RangeSet missing() const { return seen.missing(undecided_through + 1, seen.last()); }
  std::uint64_t doubled() const;
  std::uint64_t reordered() const;
  std::uint64_t open_gaps() const;
};

/// What a topic holds, by the headers alone. Messages of a partition in offset order.
class TopicAudit {
 public:
  explicit TopicAudit(std::size_t ranges_max = kRangesMax) : ranges_max_(ranges_max) {}

  /// Before its messages: where the partition's log begins.
  void begin(std::int32_t partition, std::int64_t first_offset);
  void take(std::int32_t partition, const inbox::MessageId& id);
  /// A message that no relay sent.
  void foreign() { ++foreign_; }
  /// All was read.
  void finish();

  /// Too many ranges: what follows is not judged any more.
  bool overflown() const { return overflown_; }
  std::uint64_t messages() const { return messages_; }
  std::uint64_t foreign_messages() const { return foreign_; }
  const std::map<std::uint32_t, OutboxFound>& outboxes() const { return outboxes_; }

 private:
  void follow(std::int32_t partition, OutboxFound& outbox, ChainFound& chain,
              const inbox::MessageId& id);

  const std::size_t ranges_max_;
  std::map<std::int32_t, std::int64_t> begins_;
  std::map<std::uint32_t, OutboxFound> outboxes_;
  std::size_t ranges_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t foreign_ = 0;
  bool overflown_ = false;
};

}  // namespace outbox::audit

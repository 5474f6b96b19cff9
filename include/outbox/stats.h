#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "outbox/message.h"

namespace outbox {

/// appended = delivered + pending + dead + requeued + purged, each term
/// counted at its own place: `appended` by the committer, `delivered` by
/// delivery reports, `pending` from the lanes' positions, `dead` from the
/// dead-letter family, `requeued` and `purged` by the operator's commands.
/// A dead letter that is dropped counts as purged.
struct Ledger {
  std::uint64_t appended = 0;
  std::uint64_t delivered = 0;
  std::uint64_t pending = 0;
  std::uint64_t dead = 0;
  std::uint64_t requeued = 0;
  std::uint64_t purged = 0;

  bool balanced() const { return appended == delivered + pending + dead + requeued + purged; }
  Ledger& operator+=(const Ledger& other);
  friend bool operator==(const Ledger&, const Ledger&) = default;
};

/// One topic.
struct LaneStats {
  std::string topic;
  Ledger ledger;
  /// Lowest sequence number that is not settled. In memory: durable, and what
  /// Outbox::settled_through() answers, is what was there at most a second before.
  Seq head = 1;
  /// Highest durable sequence number; 0 = none yet.
  Seq tail = 0;
  /// Age of the entry at the head; 0 when nothing is pending.
  std::int64_t oldest_age_ms = 0;
  /// "flowing", "waiting: <reason>", "probing: <reason>", "purging", "stopped: <reason>",
  /// "held: <reason>", "stalled: <reason>", "halted: <reason>", "paused", or "no relay".
  std::string state;
  /// Last partition count the relay recorded; 0 = unknown.
  std::int32_t partitions = 0;
};

struct Stats {
  std::string outbox_id;
  std::uint64_t session = 0;
  Ledger ledger;
  std::vector<LaneStats> lanes;
  std::uint64_t disk_bytes = 0;
};

/// An entry as stored, for peek and dead letters.
struct StoredEntry {
  Message message;
  Seq seq = 0;
  std::uint64_t session = 0;
};

/// Lists of entries and dead letters end behind the one that reaches this many bytes (as stored),
/// however many were asked for: go on from the last one's number.
inline constexpr std::size_t kListBytesMax = std::size_t{64} << 20;

struct DeadLetter {
  StoredEntry entry;
  std::int64_t died_at_ms = 0;
  std::int32_t partition = -1;
  std::string reason;
  /// Non-zero once requeued: the sequence number of the new append. A
  /// requeued dead letter stays listed until it is dropped, counted as requeued, not dead.
  Seq requeued_as = 0;
};

/// A purge, as recorded.
struct PurgeRecord {
  std::string topic;
  Seq from = 0;
  Seq through = 0;
  std::uint64_t count = 0;
  std::int64_t at_ms = 0;
  std::string who;
};

}  // namespace outbox

#pragma once

#include <rocksdb/write_batch.h>

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "outbox/options.h"
#include "outbox/status.h"
#include "store/database.h"
#include "store/format.h"

namespace outbox::store {

/// Remembers idempotency keys in a family of their own: `k`<key> -> where the
/// entry is, and `o`<number> -> key, in order of arrival, to forget the oldest.
/// Not thread-safe: under the committer's mutex.
class Idempotency {
 public:
  struct Known {
    LaneId lane = 0;
    Seq seq = 0;
    std::int64_t at_ms = 0;
    std::uint64_t order = 0;
  };

  Idempotency(Database& database, const Options& options, const Clock& clock)
      : database_(database), options_(options), clock_(clock) {}

  /// At open: finds the oldest and newest number.
  Status restore();
  /// Was `key` used within the window, or in a group that is not written yet?
  Result<std::optional<Known>> find(const std::string& key) const;
  /// Adds it to the group's batch, and forgets some that are too old or too many.
  Status remember(rocksdb::WriteBatch& batch, const std::string& key, LaneId lane, Seq seq);
  /// Takes back what remember() added: its request was dropped from the group.
  void undo(const std::string& key) { in_group_.erase(key); }
  /// A group that added these was written (or failed): they are found on disk from now on.
  void end_group(const std::vector<std::string>& keys);

 private:
  bool too_old(std::int64_t at_ms) const;
  Status forget_oldest(rocksdb::WriteBatch& batch);

  Database& database_;
  const Options& options_;
  const Clock& clock_;
  std::uint64_t oldest_ = 1;
  std::uint64_t next_ = 1;
  std::uint64_t group_from_ = 1;                     ///< numbers from here on are not on disk yet
  std::unordered_map<std::string, Known> in_group_;  ///< of all groups that are not written yet
};

}  // namespace outbox::store

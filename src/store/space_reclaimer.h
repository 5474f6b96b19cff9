#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/log.h"
#include "store/database.h"
#include "store/lane_table.h"

namespace outbox::store {

/// Gives disk space back: whole files of a lane below its durable head
/// (DeleteFilesInRange), the oldest flushed memtables (settled_tables.h), and, when what is settled
/// outweighs what is pending, a compaction through the head filter. On a full disk without waiting
/// for that much, else an empty outbox could refuse appends for ever. A thread of its own, which
/// sleeps until enough was settled.
class SpaceReclaimer {
 public:
  /// Settled bytes between two looks at the files.
  static constexpr std::uint64_t kStepBytes = std::uint64_t{64} << 20;

  SpaceReclaimer(Database& database, const LaneTable& lanes, Log log);
  ~SpaceReclaimer();
  SpaceReclaimer(const SpaceReclaimer&) = delete;
  SpaceReclaimer& operator=(const SpaceReclaimer&) = delete;

  /// Entries of `bytes` became durably settled.
  void settled(std::uint64_t bytes);
  /// Nothing is pending, durably: what lies on disk is settled. Heeded once per kStepBytes.
  void drained();
  /// Appends are refused for want of space: what was settled since the last
  /// time is given back at once, however little it is. Costs nothing when
  /// nothing was.
  void disk_is_full();

 private:
  void run();
  void reclaim(bool at_once);
  /// Returns the bytes that are still pending.
  std::uint64_t delete_settled_files(std::uint64_t step_bytes);
  /// Dead entries leave the memtables, and the WALs with them.
  void flush();
  void compact();
  std::uint64_t file_bytes() const;

  Database& database_;
  const LaneTable& lanes_;
  const Log log_;
  std::unordered_map<LaneId, std::uint64_t> reclaimed_bytes_;  ///< the thread's own

  std::mutex mutex_;
  std::condition_variable wake_;
  std::uint64_t settled_bytes_ = 0;
  /// What the process before left settled is not known: one look at it is due.
  std::uint64_t settled_since_full_bytes_ = 1;
  std::uint64_t settled_since_drained_bytes_ = 0;
  bool due_ = false;
  bool at_once_ = false;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace outbox::store

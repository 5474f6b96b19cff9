#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "outbox/status.h"
#include "store/durable_tail.h"
#include "store/format.h"

namespace rocksdb {
class Env;
}

namespace outbox::store {

/// What an open store knows of a lane's ends.
struct LaneEnd {
  LaneId lane = 0;
  std::string topic;
  Seq last = 0;  ///< max(last entry, stored head - 1)
  /// The tail as stored with the lane's progress; proof that it was there.
  Seq recorded_tail = 0;
  /// Entries missing between the stored head and the first entry above it.
  Seq gap_from = 1;
  Seq gap_through = 0;  ///< below gap_from: no gap
};

/// What recover() found.
struct Recovered {
  /// There is no outbox in the directory yet.
  bool fresh = false;
  /// What the durable-tail file says.
  DurableTail::Lanes durable;
  /// The tail of the WAL was torn and has been cut: one line for the operator.
  std::string warning;
};

/// The order in which Store::open calls things:
///   1. create the directory if asked; HolderLock::acquire
///   2. recover()
///   3. when fresh: DurableTail::start(env, dir, {}), before RocksDB creates anything
///   4. DB::Open (kTolerateCorruptedTailRecords, avoid_flush_during_recovery = false)
///   5. compare_with_durable_tail()
///   6. DurableTail::start(env, dir, {lane: last}), then record() after each group
/// and, at the end, DurableTail::sync(), close RocksDB, release the HolderLock.
///
/// recover() looks for damage before RocksDB opens anything. A torn tail
/// (damage at the end of the newest WAL, nothing valid after it) is copied
/// to `quarantine/` and cut off. Any other damage, or entries that were durable
/// and would be missing: kCorruption names file, offset or range and the next
/// command, and nothing in the directory has changed. kUnknownVersion,
/// kIoError. The caller holds the HolderLock.
Result<Recovered> recover(const std::filesystem::path& dir, rocksdb::Env& env, const Log& log);

/// OK when every lane begins at its head and ends at or above what was durable; else kCorruption
/// "topic orders: entries 501..1000 were durable and are missing".
Status compare_with_durable_tail(const DurableTail::Lanes& durable, std::span<const LaneEnd> ends);

}  // namespace outbox::store

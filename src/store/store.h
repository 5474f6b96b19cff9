#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "outbox/message.h"
#include "outbox/options.h"
#include "outbox/stats.h"
#include "outbox/status.h"
#include "store/progress.h"
#include "store/slab.h"

namespace rocksdb {
class Env;
}

namespace outbox::store {

struct Database;

/// The seams that tests replace. Null members mean the real thing.
struct StoreSeams {
  rocksdb::Env* env = nullptr;  ///< file system faults; must outlive the store
  const Clock* clock = nullptr;
  /// Told once what the store works on, for a test that flushes when it likes. The store's own.
  std::function<void(Database&)> opened = {};
};

/// Whoever drains the store: the relay. At most one.
class Drainer {
 public:
  virtual ~Drainer() = default;
  /// A group became durable. Called by whichever thread committed it, in
  /// commit order, never before the fsync; must not block. The drainer may
  /// ignore the slab (and read the entries with Store::read later).
  virtual void on_durable(const SlabPtr& slab) = 0;
  /// Store::unrecorded became less. By whichever thread wrote it; must not block.
  virtual void on_recorded() {}
  /// A purge of pending entries that the drainer must order with what it has
  /// in flight; it calls Store::record_purge when it is safe. Blocks.
  virtual Result<PurgeRecord> purge(const std::string& topic, Seq through,
                                    const std::string& who) = 0;
  /// "flowing", "stalled: ...", "halted: ...", "paused".
  virtual std::string lane_state(LaneId lane) const = 0;
};

/// What the drainer needs to know of a lane.
struct LaneInfo {
  LaneId id = 0;
  std::string topic;
  Seq tail = 0;  ///< highest durable sequence number
  Progress progress;
  std::vector<PartitionCount> partition_history;  ///< ascending from_seq; empty = none recorded
  TopicLimits limits;
};

/// The store behind an Outbox: RocksDB, the committer, progress, ledger, dead
/// letters, idempotency keys. Thread-safe. See src/store/README.md for the
/// format, the invariants and the threads.
class Store {
 public:
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& dir, Options options,
                                             StoreSeams seams = {});
  virtual ~Store() = default;

  // The producers' side; contracts as in outbox.h.
  virtual Result<Appended> append(const Message& message, DeliveryCallback on_delivered) = 0;
  virtual void append_async(const Message& message, AppendCallback done,
                            DeliveryCallback on_delivered) = 0;
  virtual Result<std::vector<Appended>> append_batch(std::span<const Message> messages) = 0;
  virtual Status flush_until(const std::string& topic, Seq seq,
                             std::chrono::milliseconds timeout) = 0;
  virtual Result<Seq> settled_through(const std::string& topic) const = 0;

  // The drainer's side.
  /// kBusy if there is one already. Pass null to detach (waits for running calls).
  virtual Status set_drainer(Drainer* drainer) = 0;
  virtual std::vector<LaneInfo> lanes() const = 0;
  virtual LaneInfo lane(LaneId id) const = 0;
  /// Durable entries of `lane` from `from` on, in order, up to `entries_max`
  /// and about `bytes_max` (at least one entry if there is any). An empty slab
  /// means: nothing durable and pending at or above `from`; what lies below the
  /// durable head is settled and may be left out. A gap at or above the head, a
  /// failed CRC or a failed read is kCorruption or kIoError, never "empty".
  virtual Result<SlabPtr> read(LaneId lane, Seq from, std::size_t entries_max,
                               std::size_t bytes_max) = 0;
  /// Records progress in memory; it becomes durable with the next append group
  /// or within a second. `delivered` delivery reports came with it. Entries
  /// below the *durable* head may be removed from then on.
  virtual void advance(LaneId lane, const Progress& progress, std::uint64_t delivered) = 0;
  /// Settled entries whose settlement is in memory only: after a kill they are pending again.
  virtual std::uint64_t unrecorded() const = 0;
  /// Makes recorded progress durable without waiting for company; does not block.
  virtual void record_soon() = 0;
  /// Makes all recorded progress durable now.
  virtual Status sync_progress() = 0;
  /// Moves one entry to the dead letters: record, progress and counters in one
  /// synced write. `progress` is the lane's progress after it.
  virtual Status bury(LaneId lane, Seq seq, std::int32_t partition, const std::string& reason,
                      const Progress& progress) = 0;
  /// Durable when it returns OK; must be before an entry at or above from_seq is produced.
  virtual Status record_partition_count(LaneId lane, PartitionCount count) = 0;
  /// Not synced: a hint for append's early checks.
  virtual void record_topic_limits(LaneId lane, TopicLimits limits) = 0;
  /// Is a DeliveryCallback registered for the entry? Asked for every entry that is settled, so
  /// it must cost next to nothing while there are none. True may be a false alarm.
  virtual bool wants_outcome(LaneId /*lane*/, Seq /*seq*/) const { return true; }
  /// Hands `how` to the entry's DeliveryCallback, if any. Called on the drainer's callback thread.
  virtual void settle_callback(LaneId lane, Seq seq, DeliveryOutcome how) = 0;
  /// `count` pending entries of from..through were given up; synced.
  virtual Result<PurgeRecord> record_purge(LaneId lane, PurgeRecord record,
                                           const Progress& progress) = 0;

  // Operators.
  virtual Result<Stats> stats() const = 0;
  virtual Result<std::vector<StoredEntry>> peek(const std::string& topic, Seq from,
                                                std::size_t count) const = 0;
  virtual Result<std::vector<DeadLetter>> dead_letters(const std::string& topic, Seq from,
                                                       std::size_t count) const = 0;
  virtual Result<DeadLetter> dead_letter(const std::string& topic, Seq seq) const = 0;
  virtual Result<Appended> requeue(const std::string& topic, Seq seq) = 0;
  virtual Status drop_dead_letter(const std::string& topic, Seq seq, const std::string& who) = 0;
  /// Through the drainer when there is one, else directly.
  virtual Result<PurgeRecord> purge(const std::string& topic, Seq through,
                                    const std::string& who) = 0;
  virtual Result<std::vector<PurgeRecord>> purges() const = 0;

  /// Options::logger, for the drainer; null = nothing is logged.
  virtual std::shared_ptr<spdlog::logger> logger() const { return nullptr; }
  virtual std::string outbox_id() const = 0;  ///< 8 hex digits
  virtual SessionId session() const = 0;
  /// OK, or why nothing is accepted any more (kPoisoned, kDiskFull).
  virtual Status health() const = 0;
};

/// The reading half, on a store that another process holds open (a RocksDB
/// secondary instance) or that nobody does. Never writes into `dir`.
class Reader {
 public:
  static Result<std::unique_ptr<Reader>> open(const std::filesystem::path& dir, Options options,
                                              StoreSeams seams = {});
  virtual ~Reader() = default;
  virtual Result<Stats> stats() const = 0;
  virtual Result<std::vector<StoredEntry>> peek(const std::string& topic, Seq from,
                                                std::size_t count) const = 0;
  virtual Result<std::vector<DeadLetter>> dead_letters(const std::string& topic, Seq from,
                                                       std::size_t count) const = 0;
  virtual Result<DeadLetter> dead_letter(const std::string& topic, Seq seq) const = 0;
  virtual Result<std::vector<PurgeRecord>> purges() const = 0;
};

/// Who holds the store in `dir` open for writing, e.g. "pid 4242
/// (outbox-relay)"; empty when nobody does.
std::string holder(const std::filesystem::path& dir);

}  // namespace outbox::store

#pragma once

#include <memory>

#include "base/log.h"
#include "store/capacity.h"
#include "store/committer.h"
#include "store/database.h"
#include "store/delivery_callbacks.h"
#include "store/disk_guard.h"
#include "store/durable_tail.h"
#include "store/group_builder.h"
#include "store/group_writer.h"
#include "store/holder.h"
#include "store/idempotency.h"
#include "store/lane_table.h"
#include "store/progress_book.h"
#include "store/space_reclaimer.h"
#include "store/store.h"
#include "store/views.h"

namespace outbox::store {

/// Wires the store's parts. Members stand in the order in which they are
/// needed: the destructor stops the committer first and lets the lock go last.
class StoreImpl final : public Store {
 public:
  /// What Store::open has made ready.
  struct Opened {
    std::unique_ptr<HolderLock> lock;
    std::unique_ptr<Database> database;
    std::unique_ptr<DurableTail> durable_tail;
    std::shared_ptr<DurableHeads> heads;
    std::unique_ptr<LaneTable> lanes;
    std::string outbox_id;
    SessionId session = 0;
    std::uint64_t next_purge = 1;
  };
  StoreImpl(const std::filesystem::path& dir, Options options, rocksdb::Env& env,
            const Clock& clock, Log log, Opened opened);
  ~StoreImpl() override;

  /// Reads what the parts need to know; before anything is appended.
  Status restore();

  Result<Appended> append(const Message& message, DeliveryCallback on_delivered) override;
  void append_async(const Message& message, AppendCallback done,
                    DeliveryCallback on_delivered) override;
  Result<std::vector<Appended>> append_batch(std::span<const Message> messages) override;
  Status flush_until(const std::string& topic, Seq seq, std::chrono::milliseconds timeout) override;
  Result<Seq> settled_through(const std::string& topic) const override;

  Status set_drainer(Drainer* drainer) override;
  std::vector<LaneInfo> lanes() const override;
  LaneInfo lane(LaneId id) const override;
  Result<SlabPtr> read(LaneId lane, Seq from, std::size_t entries_max,
                       std::size_t bytes_max) override;
  void advance(LaneId lane, const Progress& progress, std::uint64_t delivered) override;
  std::uint64_t unrecorded() const override { return progress_.unrecorded(); }
  void record_soon() override { progress_.record_soon(); }
  Status sync_progress() override { return committer_.sync_progress(); }
  Status bury(LaneId lane, Seq seq, std::int32_t partition, const std::string& reason,
              const Progress& progress) override;
  Status record_partition_count(LaneId lane, PartitionCount count) override;
  void record_topic_limits(LaneId lane, TopicLimits limits) override;
  bool wants_outcome(LaneId, Seq) const override { return callbacks_.any(); }
  void settle_callback(LaneId lane, Seq seq, DeliveryOutcome how) override;
  Result<PurgeRecord> record_purge(LaneId lane, PurgeRecord record,
                                   const Progress& progress) override;

  Result<Stats> stats() const override;
  Result<std::vector<StoredEntry>> peek(const std::string& topic, Seq from,
                                        std::size_t count) const override;
  Result<std::vector<DeadLetter>> dead_letters(const std::string& topic, Seq from,
                                               std::size_t count) const override;
  Result<DeadLetter> dead_letter(const std::string& topic, Seq seq) const override;
  Result<Appended> requeue(const std::string& topic, Seq seq) override;
  Status drop_dead_letter(const std::string& topic, Seq seq, const std::string& who) override;
  Result<PurgeRecord> purge(const std::string& topic, Seq through, const std::string& who) override;
  Result<std::vector<PurgeRecord>> purges() const override { return read_purges(*database_); }

  std::shared_ptr<spdlog::logger> logger() const override { return log_; }
  std::string outbox_id() const override { return outbox_id_; }
  SessionId session() const override { return session_; }
  Status health() const override { return writer_.health(); }

 private:
  // store_append.cc
  /// Where messages go, and what is known of that topic: looked up once for a run of them.
  struct Target {
    Lane* lane = nullptr;
    TopicLimits limits;
    std::int64_t now_ms = 0;
  };
  Status aim(const Message& message, Target& target);
  Status fill(CommitRequest& request, const Message& message, DeliveryCallback on_delivered,
              Target& target);
  WhenFull when_full() const;
  Status admit(const CommitRequest& request);
  void withdraw(CommitRequest& request);
  Status reserve_callback(const CommitRequest& request);
  void fail_async(Status status, AppendCallback done);
  // store_drain.cc
  void put_limits(rocksdb::WriteBatch& batch, LaneId lane, const TopicLimits& limits);
  // store_operators.cc
  Result<Lane*> find_lane(const std::string& topic) const;
  void put_purge(rocksdb::WriteBatch& batch, const PurgeRecord& record);
  Result<PurgeRecord> purge_alone(Lane& lane, Seq through, const std::string& who);
  Result<std::uint64_t> settled_between(const StoredLane& lane, Seq from, Seq through);
  StoredLane snapshot(const Lane& lane) const;

  const std::filesystem::path dir_;
  const Options options_;
  const Clock& clock_;
  const Log log_;
  const std::unique_ptr<HolderLock> lock_;
  const std::unique_ptr<Database> database_;
  const std::unique_ptr<DurableTail> durable_tail_;
  const std::shared_ptr<DurableHeads> heads_;
  const std::unique_ptr<LaneTable> lanes_;
  const std::string outbox_id_;
  const SessionId session_;

  Capacity capacity_;
  DiskGuard disk_guard_;
  DeliveryCallbacks callbacks_;
  ProgressBook progress_;
  Idempotency idempotency_;
  GroupBuilder builder_;
  GroupWriter writer_;
  SpaceReclaimer reclaimer_;  ///< the committer tells it, to the last
  RequestPool request_pool_;
  Committer committer_;
  std::atomic<std::uint64_t> next_purge_;
  /// Requeue, drop and a purge without a drainer read, decide and write: one at
  /// a time, and no drainer comes between.
  std::mutex operators_mutex_;
};

}  // namespace outbox::store

#include <algorithm>

#include "base/check.h"
#include "base/mutant.h"
#include "base/step.h"
#include "store/block_slab.h"
#include "store/remedy.h"
#include "store/rocks_status.h"
#include "store/store_impl.h"
#include "store/views.h"

namespace outbox::store {

using rocksdb::Slice;

Status StoreImpl::set_drainer(Drainer* drainer) {
  const std::lock_guard lock(operators_mutex_);
  return writer_.set_drainer(drainer);
}

std::vector<LaneInfo> StoreImpl::lanes() const {
  std::vector<LaneInfo> infos;
  for (const Lane* known : lanes_->all()) {
    // One whose first append failed is not registered: there is nothing to drain.
    if (known->tail > 0) infos.push_back(lane(known->id));
  }
  return infos;
}

LaneInfo StoreImpl::lane(LaneId id) const {
  const Lane* const found = lanes_->find(id);
  OUTBOX_CHECK(found != nullptr);
  LaneInfo info;
  info.id = id;
  info.topic = found->topic;
  info.tail = found->tail;
  const std::lock_guard lock(found->mutex);
  info.progress = found->record.progress;
  info.partition_history = found->placement;
  info.limits = found->limits;
  return info;
}

Result<SlabPtr> StoreImpl::read(LaneId lane_id, Seq from, std::size_t entries_max,
                                std::size_t bytes_max) {
  const Lane* const lane = lanes_->find(lane_id);
  OUTBOX_CHECK(lane != nullptr);
  const auto slab = std::make_shared<BlockSlab>();
  // Never beyond what an fsync covers, though RocksDB may show more.
  const Seq tail = lane->tail;
  // What lies below the durable head is settled, and may be gone already.
  from = std::max(from, lane->durable_head.load());
  if (from > tail || entries_max == 0) return SlabPtr(slab);
  const std::string lower = entry_key(lane_id, from);
  const std::string upper = entry_key(lane_id, tail + 1);
  const Slice lower_slice(lower);
  const Slice upper_slice(upper);
  const std::unique_ptr<rocksdb::Iterator> scan(
      database_->db->NewIterator(scan_options(&lower_slice, &upper_slice), database_->data));
  Seq expected = from;
  for (scan->Seek(lower_slice); scan->Valid(); scan->Next(), ++expected) {
    const Seq seq = seq_of_key(scan->key().ToStringView());
    if (seq != expected) {
      // Settled and dropped since the line above?
      if (seq > lane->durable_head) break;
      expected = seq;
    }
    const std::string_view record = scan->value().ToStringView();
    const auto full = [&] { return slab->used_bytes() + record.size() > bytes_max; };
    if (slab->size() > 0 && full()) return SlabPtr(slab);
    if (const auto checked = decode(record, lane_id, seq); !checked.ok()) return checked.status();
    slab->add(lane_id, seq, record);
    // The next one is hardly smaller: to look at it, its block would be read for nothing.
    if (slab->size() >= entries_max || full()) return SlabPtr(slab);
  }
  if (!scan->status().ok()) {
    if (mutant(Mutant::kErrorReadAsEmpty)) return SlabPtr(std::make_shared<BlockSlab>());
    return from_rocks(scan->status(), "reading the backlog of " + lane->topic);
  }
  if (expected <= tail && expected >= lane->durable_head) {
    return Status(Code::kCorruption, "topic " + lane->topic + ": entry " +
                                         std::to_string(expected) + " is missing" + kRunVerify);
  }
  return SlabPtr(slab);
}

void StoreImpl::advance(LaneId lane_id, const Progress& progress, std::uint64_t delivered) {
  Lane* const lane = lanes_->find(lane_id);
  OUTBOX_CHECK(lane != nullptr);
  progress_.update(*lane, [&](LaneRecord& record) {
    OUTBOX_CHECK(progress.head >= record.progress.head && progress.head <= lane->tail + 1);
    record.progress = progress;
    record.delivered += delivered;
  });
}

Status StoreImpl::bury(LaneId lane_id, Seq seq, std::int32_t partition, const std::string& reason,
                       const Progress& progress) {
  Lane* const lane = lanes_->find(lane_id);
  OUTBOX_CHECK(lane != nullptr);
  const std::string key = entry_key(lane_id, seq);
  std::string entry;
  const auto got = database_->db->Get(rocksdb::ReadOptions(), database_->data, key, &entry);
  if (!got.ok()) return from_rocks(got, "reading an entry for the dead letters");
  DeadRecord dead;
  dead.died_at_ms = clock_.wall_ms();
  dead.partition = partition;
  dead.reason = reason;
  dead.record = std::move(entry);

  CommitRequest request;
  request.also = [&](rocksdb::WriteBatch& batch, std::span<const CommitItem>) {
    OUTBOX_CHECK(batch.Put(database_->dead, key, encode(dead)).ok());
    // In the same write as the record: an entry is never both dead and pending.
    progress_.update(*lane, [&](LaneRecord& record) {
      record.progress = progress;
      record.dead += mutant(Mutant::kDeadUncounted) ? 0 : 1;
    });
  };
  request.with_progress = true;
  committer_.commit(request);
  return request.status;
}

void StoreImpl::put_limits(rocksdb::WriteBatch& batch, LaneId lane, const TopicLimits& limits) {
  const std::string key = meta::key(meta::kLimitsPrefix, lane);
  OUTBOX_CHECK(batch.Put(database_->meta, key, encode(limits)).ok());
}

Status StoreImpl::record_partition_count(LaneId lane_id, PartitionCount count) {
  Lane* const lane = lanes_->find(lane_id);
  OUTBOX_CHECK(lane != nullptr);
  // Written without the lane's registration it would make the store unreadable.
  if (lane->tail == 0) return {Code::kNotFound, "nothing was ever appended to " + lane->topic};
  std::vector<PartitionCount> history;
  TopicLimits limits;
  {
    const std::lock_guard lock(lane->mutex);
    history = lane->placement;
    limits = lane->limits;
  }
  const bool fewer = count.count < limits.partitions;  // and now accepted
  if (fewer) limits.partitions = count.count;
  std::erase_if(history, [&](const PartitionCount& old) { return old.from_seq >= count.from_seq; });
  history.push_back(count);
  CommitRequest request;
  request.also = [&](rocksdb::WriteBatch& batch, std::span<const CommitItem>) {
    const std::string key = meta::key(meta::kPlacementPrefix, lane_id);
    OUTBOX_CHECK(batch.Put(database_->meta, key, encode(history)).ok());
    if (fewer) put_limits(batch, lane_id, limits);
  };
  reach(Step::kPlacementBegun);
  if (!mutant(Mutant::kPlacementUnsynced)) committer_.commit(request);
  reach(Step::kPlacementRecorded);
  if (request.status.ok()) {
    const std::lock_guard lock(lane->mutex);
    lane->placement = std::move(history);
    lane->limits = limits;
  }
  return request.status;
}

void StoreImpl::record_topic_limits(LaneId lane_id, TopicLimits limits) {
  Lane* const lane = lanes_->find(lane_id);
  OUTBOX_CHECK(lane != nullptr);
  if (lane->tail == 0) return;  // not registered, see record_partition_count
  {
    const std::lock_guard lock(lane->mutex);
    if (lane->limits == limits) return;
    lane->limits = limits;
  }
  // A hint, so nobody waits for it; but with the groups, because a write of its own that
  // failed would leave RocksDB and us with different ideas of the log.
  auto request = std::make_unique<CommitRequest>();
  request->also = [this, lane_id, limits](rocksdb::WriteBatch& batch, std::span<const CommitItem>) {
    put_limits(batch, lane_id, limits);
  };
  request->done = [this, lane](const Result<Appended>& written) {
    if (written.ok()) return;
    log_->warn("cannot record the limits of {}: {}", lane->topic, written.status().to_string());
  };
  committer_.commit_async(std::move(request));
}

void StoreImpl::settle_callback(LaneId lane, Seq seq, DeliveryOutcome how) {
  callbacks_.settle(lane, seq, how);
}

Status StoreImpl::flush_until(const std::string& topic, Seq seq,
                              std::chrono::milliseconds timeout) {
  const auto lane = find_lane(topic);
  if (!lane.ok()) return lane.status();
  return progress_.wait_for_head(**lane, seq, timeout);
}

Result<Seq> StoreImpl::settled_through(const std::string& topic) const {
  const auto lane = find_lane(topic);
  if (!lane.ok()) return lane.status();
  return (*lane)->durable_head - 1;
}

}  // namespace outbox::store

#include "store/space_reclaimer.h"

#include <rocksdb/convenience.h>

#include "base/step.h"
#include "base/thread_name.h"
#include "store/rocks_status.h"
#include "store/settled_tables.h"

namespace outbox::store {

using rocksdb::Slice;

SpaceReclaimer::SpaceReclaimer(Database& database, const LaneTable& lanes, Log log)
    : database_(database), lanes_(lanes), log_(std::move(log)), thread_([this] { run(); }) {}

SpaceReclaimer::~SpaceReclaimer() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    wake_.notify_all();
  }
  database_.db->DisableManualCompaction();  // a running one gives up
  thread_.join();
}

void SpaceReclaimer::settled(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  settled_bytes_ += bytes;
  settled_since_full_bytes_ += bytes;
  settled_since_drained_bytes_ += bytes;
  if (settled_bytes_ < kStepBytes) return;
  settled_bytes_ = 0;
  due_ = true;
  wake_.notify_all();
}

void SpaceReclaimer::drained() {
  const std::lock_guard lock(mutex_);
  if (settled_since_drained_bytes_ < kStepBytes) return;
  settled_since_drained_bytes_ = 0;
  due_ = at_once_ = true;
  wake_.notify_all();
}

void SpaceReclaimer::disk_is_full() {
  const std::lock_guard lock(mutex_);
  if (settled_since_full_bytes_ == 0) return;
  settled_since_full_bytes_ = 0;
  due_ = at_once_ = true;
  wake_.notify_all();
}

void SpaceReclaimer::run() {
  name_thread("outbox-reclaim");
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stop_ || due_; });
    if (stop_) return;
    const bool at_once = at_once_;
    due_ = at_once_ = false;
    lock.unlock();
    reclaim(at_once);
    lock.lock();
  }
}

std::uint64_t SpaceReclaimer::file_bytes() const {
  std::uint64_t bytes = 0;
  database_.db->GetIntProperty(database_.data, "rocksdb.total-sst-files-size", &bytes);
  return bytes;
}

void SpaceReclaimer::reclaim(bool at_once) {
  const std::uint64_t step_bytes = at_once ? 0 : kStepBytes;
  if (at_once) flush();
  const std::uint64_t pending_bytes = delete_settled_files(step_bytes);
  delete_settled_tables(database_, lanes_, log_);
  const std::uint64_t bytes = file_bytes();
  if (bytes < step_bytes || bytes < 2 * pending_bytes) return;
  // What is pending is written anew: there must be room for it.
  std::uint64_t free_bytes = 0;
  const auto asked = database_.db->GetEnv()->GetFreeSpace(database_.db->GetName(), &free_bytes);
  if (asked.ok() && free_bytes < pending_bytes) return;
  compact();
}

std::uint64_t SpaceReclaimer::delete_settled_files(std::uint64_t step_bytes) {
  reach(Step::kReclaiming);
  std::uint64_t pending_bytes = 0;
  for (Lane* lane : lanes_.all()) {
    std::uint64_t settled_bytes = 0;
    {
      const std::lock_guard lock(lane->mutex);
      pending_bytes += lane->bytes.pending_bytes();
      settled_bytes = lane->record.settled_bytes;
    }
    std::uint64_t& before = reclaimed_bytes_[lane->id];
    if (settled_bytes == before || settled_bytes - before < step_bytes) continue;
    before = settled_bytes;
    const std::string from = entry_key(lane->id, 0);
    const std::string to = entry_key(lane->id, lane->durable_head);
    const Slice from_slice(from);
    const Slice to_slice(to);
    // Exclusive end: the entry at the head stays.
    const auto deleted = rocksdb::DeleteFilesInRange(database_.db.get(), database_.data,
                                                     &from_slice, &to_slice, false);
    if (!deleted.ok()) log_->warn("cannot give disk space back: {}", deleted.ToString());
  }
  return pending_bytes;
}

void SpaceReclaimer::flush() {
  const auto flushed =
      database_.db->Flush(rocksdb::FlushOptions(),
                          {database_.data, database_.meta, database_.dead, database_.idempotency});
  if (!flushed.ok()) log_->warn("cannot give disk space back: {}", flushed.ToString());
}

void SpaceReclaimer::compact() {
  rocksdb::CompactRangeOptions compact;
  compact.exclusive_manual_compaction = false;
  compact.max_subcompactions = 1;
  compact.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  const auto compacted = database_.db->CompactRange(compact, database_.data, nullptr, nullptr);
  if (!compacted.ok() && !compacted.IsIncomplete()) {
    log_->warn("cannot give disk space back: {}", compacted.ToString());
  }
}

}  // namespace outbox::store

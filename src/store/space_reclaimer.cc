#include "store/space_reclaimer.h"

#include <rocksdb/convenience.h>

#include "store/rocks_status.h"

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
  if (settled_bytes_ < kStepBytes) return;
  settled_bytes_ = 0;
  due_ = true;
  wake_.notify_all();
}

void SpaceReclaimer::drained() {
  const std::lock_guard lock(mutex_);
  if (settled_bytes_ == 0 && !due_) return;
  settled_bytes_ = 0;
  due_ = true;
  wake_.notify_all();
}

void SpaceReclaimer::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stop_ || due_; });
    if (stop_) return;
    due_ = false;
    lock.unlock();
    reclaim();
    lock.lock();
  }
}

std::uint64_t SpaceReclaimer::file_bytes() const {
  std::uint64_t bytes = 0;
  database_.db->GetIntProperty(database_.data, "rocksdb.total-sst-files-size", &bytes);
  return bytes;
}

void SpaceReclaimer::reclaim() {
  std::uint64_t pending_bytes = 0;
  for (Lane* lane : lanes_.all()) {
    std::uint64_t settled_bytes = 0;
    {
      const std::lock_guard lock(lane->mutex);
      pending_bytes += lane->bytes.pending_bytes();
      settled_bytes = lane->record.settled_bytes;
    }
    std::uint64_t& before = reclaimed_bytes_[lane->id];
    if (settled_bytes - before < kStepBytes) continue;
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
  const std::uint64_t bytes = file_bytes();
  if (bytes < kStepBytes || bytes < 2 * pending_bytes) return;
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

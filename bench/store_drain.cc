#include "store_drain.h"

#include <algorithm>

#include "base/check.h"
#include "measure.h"
#include "relay/limits.h"

namespace outbox::bench {
namespace {

constexpr std::int32_t kPartition = 0;

}  // namespace

StoreDrain::StoreDrain(store::Store& store) : store_(store) { must(store_.set_drainer(this)); }

StoreDrain::~StoreDrain() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  must(store_.sync_progress());
  must(store_.set_drainer(nullptr));
}

std::uint64_t StoreDrain::drain_backlog() {
  // As much as the relay with its default settings reads at once.
  const RelayOptions options;
  const std::size_t entries_max =
      std::min(relay::kReadEntriesMax, options.in_flight_entries_max / relay::kReadShare);
  const std::size_t bytes_max =
      std::min(relay::kReadBytesMax, options.in_flight_bytes_max / relay::kReadShare);
  std::uint64_t settled = 0;
  auto lanes = store_.lanes();
  for (const store::LaneInfo& info : lanes) progress_[info.id] = info.progress;
  while (!lanes.empty()) {
    std::erase_if(lanes, [&](const store::LaneInfo& lane) {
      const Seq head = progress_[lane.id].head;
      if (head > lane.tail) return true;
      const auto slab = value_of(store_.read(lane.id, head, entries_max, bytes_max));
      settled += slab->entries().size();
      settle(*slab);
      return false;
    });
  }
  must(store_.sync_progress());
  return settled;
}

void StoreDrain::follow() {
  const std::lock_guard lock(mutex_);
  following_ = true;
  thread_ = std::thread([this] { run(); });
}

void StoreDrain::on_durable(const store::SlabPtr& slab) {
  const std::lock_guard lock(mutex_);
  if (!following_) return;
  slabs_.push_back(slab);
  changed_.notify_one();
}

Result<PurgeRecord> StoreDrain::purge(const std::string&, Seq, const std::string&) {
  return Status(Code::kInvalidArgument, "nothing is purged here");
}

void StoreDrain::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stop_ || !slabs_.empty(); });
    if (slabs_.empty()) return;
    const store::SlabPtr slab = std::move(slabs_.front());
    slabs_.pop_front();
    lock.unlock();
    settle(*slab);
    lock.lock();
  }
}

void StoreDrain::settle(const store::Slab& slab) {
  OUTBOX_CHECK(!slab.entries().empty());
  std::unordered_map<store::LaneId, Seq> through;
  for (const store::SlabEntry& entry : slab.entries()) through[entry.lane] = entry.seq;
  for (const auto& [lane, seq] : through) settle(lane, seq);
  if (store_.unrecorded() >= relay::kUnrecordedMax) store_.record_soon();
}

void StoreDrain::settle(store::LaneId lane, Seq through) {
  store::Progress& progress = progress_[lane];
  const std::uint64_t count = through + 1 - progress.head;
  progress.head = through + 1;
  progress.through[kPartition] = through;
  store_.advance(lane, progress, count);
}

}  // namespace outbox::bench

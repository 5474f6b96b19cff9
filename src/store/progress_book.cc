#include "store/progress_book.h"

namespace outbox::store {
namespace {

std::uint64_t settled_entries(const Progress& progress) {
  return progress.head - 1 + progress.settled_above_head;
}

}  // namespace

void ProgressBook::update(Lane& lane, const std::function<void(LaneRecord&)>& change) {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  bool fresh = false;
  {
    const std::lock_guard lock(lane.mutex);
    const std::uint64_t before = settled_entries(lane.record.progress);
    change(lane.record);
    entries = settled_entries(lane.record.progress) - before;
    bytes = lane.bytes.settle_below(lane.record.progress.head);
    lane.record.settled_bytes += bytes;
    fresh = !lane.dirty;
    lane.dirty = true;
  }
  if (entries > 0 || bytes > 0) capacity_.give_back(entries, bytes);
  if (bytes > 0 && told_) told_(bytes);
  bool wake = awaited();
  if (fresh) {
    const std::lock_guard lock(mutex_);
    wake = wake || dirty_.empty();
    dirty_.push_back(&lane);
  }
  if (wake && wake_) wake_();
}

bool ProgressBook::dirty() const {
  const std::lock_guard lock(mutex_);
  return !dirty_.empty();
}

std::vector<Lane*> ProgressBook::take_dirty() {
  const std::lock_guard lock(mutex_);
  return std::move(dirty_);
}

void ProgressBook::durable(const std::vector<Written>& written) {
  if (written.empty()) return;
  for (const auto& [lane, head] : written) {
    lane->durable_head = head;
    heads_->set(lane->id, head);
  }
  const std::lock_guard lock(mutex_);
  if (waiting_ > 0) moved_.notify_all();
}

bool ProgressBook::wait_for_head(const Lane& lane, Seq seq, std::chrono::milliseconds timeout) {
  ++waiting_;
  if (wake_) wake_();
  std::unique_lock lock(mutex_);
  const bool reached =
      moved_.wait_for(lock, timeout, [&] { return closed_ || lane.durable_head.load() > seq; });
  --waiting_;
  return reached && lane.durable_head.load() > seq;
}

void ProgressBook::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  moved_.notify_all();
}

}  // namespace outbox::store

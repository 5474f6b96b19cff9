#include "store/progress_book.h"

#include <algorithm>
#include <utility>

#include "base/mutant.h"

namespace outbox::store {
namespace {

/// Longer than anybody waits, and short enough to be added to a clock.
constexpr std::chrono::hours kWaitMax{24 * 365 * 10};

}  // namespace

void ProgressBook::update(Lane& lane, const std::function<void(LaneRecord&)>& change) {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  bool wake = false;
  {
    const std::lock_guard lock(lane.mutex);
    const std::uint64_t before = lane.record.progress.settled_entries();
    change(lane.record);
    if (mutant(Mutant::kFilterVolatileHead)) heads_->set(lane.id, lane.record.progress.head);
    entries = lane.record.progress.settled_entries() - before;
    settled_ += entries;
    bytes = lane.bytes.settle_below(lane.record.progress.head);
    lane.record.settled_bytes += bytes;
    // Listed under the lane's mutex: whoever finds it dirty finds it in the list, and so
    // in the group that is made now.
    if (!std::exchange(lane.dirty, true)) wake = list(lane);
  }
  if (entries > 0 || bytes > 0) capacity_.give_back(entries, bytes);
  if ((wake || awaited()) && wake_) wake_();
}

void ProgressBook::record_soon() {
  if (!asked_.exchange(true) && wake_) wake_();
}

/// True: it is the only one.
bool ProgressBook::list(Lane& lane) {
  const std::lock_guard lock(mutex_);
  dirty_.push_back(&lane);
  return dirty_.size() == 1;
}

std::size_t ProgressBook::dirty_lanes() const {
  const std::lock_guard lock(mutex_);
  return dirty_.size();
}

std::vector<Lane*> ProgressBook::take_dirty() {
  const std::lock_guard lock(mutex_);
  asked_ = false;
  return std::exchange(dirty_, {});
}

void ProgressBook::durable(const std::vector<Written>& written) {
  if (written.empty()) return;
  std::uint64_t bytes = 0;
  for (const auto& [lane, head, settled, settled_bytes] : written) {
    recorded_ += settled - std::exchange(lane->durable_settled, settled);
    bytes += settled_bytes - std::exchange(lane->durable_settled_bytes, settled_bytes);
    lane->durable_head = head;
    heads_->set(lane->id, head);
  }
  if (told_ && bytes > 0) told_(bytes);
  if (drained_ && capacity_.empty()) drained_();
  const std::lock_guard lock(mutex_);
  if (waiting_ > 0) moved_.notify_all();
}

Status ProgressBook::wait_for_head(const Lane& lane, Seq seq, std::chrono::milliseconds timeout) {
  ++waiting_;
  if (wake_) wake_();
  std::unique_lock lock(mutex_);
  moved_.wait_for(lock, std::min<std::chrono::milliseconds>(timeout, kWaitMax),
                  [&] { return !ended_.ok() || lane.durable_head.load() > seq; });
  --waiting_;
  if (lane.durable_head.load() > seq) return {};
  if (!ended_.ok()) return ended_;
  return {Code::kTimeout, "topic " + lane.topic + " is settled through " +
                              std::to_string(lane.durable_head - 1) + ", not yet through " +
                              std::to_string(seq)};
}

void ProgressBook::end(const Status& why) {
  const std::lock_guard lock(mutex_);
  if (ended_.ok()) ended_ = why;
  moved_.notify_all();
}

}  // namespace outbox::store

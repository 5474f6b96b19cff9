#include "store/delivery_callbacks.h"

#include <algorithm>
#include <string>
#include <vector>

namespace outbox::store {

bool DeliveryCallbacks::take_place() {
  std::size_t now = reserved_.load();
  while (now < options_.delivery_callbacks_max) {
    if (reserved_.compare_exchange_weak(now, now + 1)) return true;
  }
  return false;
}

Status DeliveryCallbacks::reserve(WhenFull when_full) {
  if (take_place()) return {};
  bool taken = false;
  if (when_full == WhenFull::kBlock) {
    std::unique_lock lock(mutex_);
    ++waiting_for_place_;
    place_.wait_for(lock, options_.full_deadline_ms,
                    [&] { return closed_ || (taken = take_place()); });
    --waiting_for_place_;
    if (closed_ && !taken) return {Code::kClosed, "the outbox is closing"};
  }
  if (taken) return {};
  return {Code::kFull, std::to_string(options_.delivery_callbacks_max) +
                           " delivery callbacks wait for their entries; that is "
                           "delivery_callbacks_max"};
}

void DeliveryCallbacks::cancel() {
  --reserved_;
  if (waiting_for_place_ == 0) return;
  const std::lock_guard lock(mutex_);
  place_.notify_one();
}

void DeliveryCallbacks::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  place_.notify_all();
}

void DeliveryCallbacks::add(LaneId lane, Seq seq, DeliveryCallback callback) {
  const std::lock_guard lock(mutex_);
  waiting_.emplace(Key{lane, seq}, std::move(callback));
}

bool DeliveryCallbacks::settle(LaneId lane, Seq seq, const DeliveryOutcome& outcome) {
  DeliveryCallback callback;
  {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find({lane, seq});
    if (found == waiting_.end()) return false;
    callback = std::move(found->second);
    waiting_.erase(found);
  }
  cancel();
  callback(outcome);
  return true;
}

void DeliveryCallbacks::settle_range(LaneId lane, Seq from, Seq through, DeliveryOutcome outcome) {
  std::vector<Seq> seqs;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, callback] : waiting_) {
      if (key.lane == lane && key.seq >= from && key.seq <= through) seqs.push_back(key.seq);
    }
  }
  std::sort(seqs.begin(), seqs.end());
  for (const Seq seq : seqs) {
    outcome.seq = seq;
    settle(lane, seq, outcome);
  }
}

}  // namespace outbox::store

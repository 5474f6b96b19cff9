#include "store/delivery_callbacks.h"

namespace outbox::store {

bool DeliveryCallbacks::reserve() {
  std::size_t now = reserved_.load();
  while (now < callbacks_max_) {
    if (reserved_.compare_exchange_weak(now, now + 1)) return true;
  }
  return false;
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
  --reserved_;
  callback(outcome);
  return true;
}

}  // namespace outbox::store

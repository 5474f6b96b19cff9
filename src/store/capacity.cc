#include "store/capacity.h"

#include <algorithm>
#include <string>

namespace outbox::store {

bool Capacity::fits(std::uint64_t entries, std::uint64_t bytes) const {
  return entries_ + entries <= options_.pending_entries_max &&
         bytes_ + bytes <= options_.pending_bytes_max;
}

Status Capacity::full() const {
  return {Code::kFull, "the outbox holds " + std::to_string(entries_) + " pending entries of " +
                           std::to_string(bytes_) + " bytes; pending_entries_max is " +
                           std::to_string(options_.pending_entries_max) +
                           ", pending_bytes_max is " + std::to_string(options_.pending_bytes_max)};
}

Status Capacity::take(std::uint64_t entries, std::uint64_t bytes, WhenFull when_full) {
  if (entries > options_.pending_entries_max || bytes > options_.pending_bytes_max) {
    return {Code::kTooLarge, "a batch of " + std::to_string(entries) + " entries and " +
                                 std::to_string(bytes) + " bytes can never fit in the outbox"};
  }
  std::unique_lock lock(mutex_);
  if (closed_) return {Code::kClosed, "the outbox is closing"};
  if (!fits(entries, bytes)) {
    if (when_full == WhenFull::kRefuse) return full();
    ++waiting_;
    const bool room = room_.wait_for(lock, options_.full_deadline_ms,
                                     [&] { return closed_ || fits(entries, bytes); });
    --waiting_;
    if (closed_) return {Code::kClosed, "the outbox is closing"};
    if (!room) return full();
  }
  entries_ += entries;
  bytes_ += bytes;
  return {};
}

void Capacity::give_back(std::uint64_t entries, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  entries_ -= std::min(entries_, entries);
  bytes_ -= std::min(bytes_, bytes);
  if (waiting_ > 0) room_.notify_all();
}

bool Capacity::empty() const {
  const std::lock_guard lock(mutex_);
  return entries_ == 0;
}

void Capacity::start_with(std::uint64_t entries, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  entries_ = entries;
  bytes_ = bytes;
}

void Capacity::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  room_.notify_all();
}

}  // namespace outbox::store

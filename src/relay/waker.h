#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace outbox::relay {

/// The one thing the relay thread waits on: an eventfd that the store, the
/// librdkafka instances, the observer and callers of Relay all write to.
class Waker {
 public:
  Waker();
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  /// Any thread; never blocks; cheap when the relay thread is awake anyway.
  void wake();
  /// Relay thread: returns when woken, or after `timeout_ms` (negative = none).
  void wait(std::int64_t timeout_ms);
  /// For librdkafka, which writes eight bytes to it.
  int fd() const { return fd_; }

 private:
  int fd_;
  /// A wake() is pending that wait() has not seen.
  std::atomic<bool> woken_{false};
};

}  // namespace outbox::relay

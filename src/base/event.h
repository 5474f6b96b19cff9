#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>

namespace outbox {

/// What one thread says, once, and any number wait for. All are woken by one call: each by itself
/// would take the processor from who wakes the rest. Who waits sleeps at once:
/// std::atomic::wait first gives the processor away four times (libstdc++ 12,
/// bits/atomic_wait.h), and where all are busy it is gone for milliseconds each time.
class Event {
 public:
  /// Returns when set() was called.
  void wait() {
    int seen = kClear;
    state_.compare_exchange_strong(seen, kAwaited);
    while (!is_set()) futex(FUTEX_WAIT_PRIVATE, kAwaited);
  }

  /// Once nobody waits any more it may be destroyed, even before this returns.
  void set() {
    // A wake-up of an address that is something else by now is one that nobody needed (futex(2)).
    if (state_.exchange(kSet) == kAwaited) futex(FUTEX_WAKE_PRIVATE, INT_MAX);
  }

  bool is_set() const { return state_ == kSet; }

 private:
  enum : int { kClear, kAwaited, kSet };

  void futex(int what, int value) {
    static_assert(sizeof state_ == sizeof(int));
    // What it answers does not matter: who waits looks again.
    (void)::syscall(SYS_futex, &state_, what, value, nullptr, nullptr, 0);
  }

  std::atomic<int> state_{kClear};
};

}  // namespace outbox

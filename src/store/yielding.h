#pragma once

#include <atomic>
#include <chrono>
#include <thread>

namespace outbox::store {

/// Whether to give the processor away in turns, or to sleep, while something is about to come. A
/// sleeping thread costs a wake-up; where others want the processor as well, one that gives it away
/// has it back after milliseconds only, in which what it waited for has long been there. Then all
/// sleep at once, for a while. Thread-safe.
class Yielding {
 public:
  using Clock = std::chrono::steady_clock;

  /// Where it takes longer to have the processor back, others want it as well.
  static constexpr std::chrono::microseconds kQuick{500};
  /// So long nobody yields then. Who tries again may be slow, so few may.
  static constexpr std::chrono::seconds kPause{1};

  /// Asked before each row of yields.
  bool worthwhile(Clock::time_point now = Clock::now()) const {
    return now >= again_.load(std::memory_order_relaxed);
  }

  /// False: that took long, and the row is over.
  bool yield(void (*give_away)() = [] { std::this_thread::yield(); }) {
    const Clock::time_point before = Clock::now();
    give_away();
    const Clock::time_point now = Clock::now();
    if (now - before < kQuick) return true;
    again_.store(now + kPause, std::memory_order_relaxed);
    return false;
  }

 private:
  std::atomic<Clock::time_point> again_{Clock::time_point()};
};

}  // namespace outbox::store

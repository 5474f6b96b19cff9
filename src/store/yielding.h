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

  /// Where it takes longer to have the processor back, others want it as well ...
  static constexpr std::chrono::microseconds kQuick{500};
  /// ... than those who wait for the same: each of them may have a turn before, soon over.
  static constexpr std::chrono::microseconds kTurn{50};
  /// So many slow ones, less what quick ones came between, are no accident (a flush that had the
  /// processor for a moment).
  static constexpr int kSlowMax = 4;
  /// Quick ones that make up for a slow one.
  static constexpr int kQuickForSlow = 8;
  /// So long nobody yields then. After that one more slow one is enough.
  static constexpr std::chrono::seconds kPause{1};

  /// One that waits, awake or asleep.
  class Waiter {
   public:
    explicit Waiter(Yielding& yielding) : waiters_(yielding.waiters_) {
      waiters_.fetch_add(1, std::memory_order_relaxed);
    }
    ~Waiter() { waiters_.fetch_sub(1, std::memory_order_relaxed); }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

   private:
    std::atomic<int>& waiters_;
  };

  /// Asked before each row of yields.
  bool worthwhile(Clock::time_point now = Clock::now()) const {
    return now >= again_.load(std::memory_order_relaxed);
  }

  /// False: that took long, and the row is over.
  bool yield(void (*give_away)() = [] { std::this_thread::yield(); }) {
    const auto turns = waiters_.load(std::memory_order_relaxed) * kTurn;
    const Clock::time_point before = Clock::now();
    give_away();
    const Clock::time_point now = Clock::now();
    const bool quick = now - before < kQuick + turns;
    note(quick, now);
    return quick;
  }

 private:
  /// Two at once may be counted as one: it is a guess all the same.
  void note(bool quick, Clock::time_point now) {
    const int slow = slow_.load(std::memory_order_relaxed);
    if (quick && slow == 0) return;
    const int then = quick ? slow - 1 : slow + kQuickForSlow;
    if (then < kSlowMax * kQuickForSlow) {
      slow_.store(then, std::memory_order_relaxed);
      return;
    }
    again_.store(now + kPause, std::memory_order_relaxed);
    slow_.store((kSlowMax - 1) * kQuickForSlow, std::memory_order_relaxed);
  }

  std::atomic<Clock::time_point> again_{Clock::time_point()};
  std::atomic<int> waiters_{0};
  std::atomic<int> slow_{0};  ///< slow ones, each kQuickForSlow, less quick ones
};

}  // namespace outbox::store

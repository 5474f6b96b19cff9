#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>

namespace outbox::store {

/// Whether to give the processor away in turns, or to sleep, while something is about to come. A
/// sleeping thread costs a wake-up; where others want the processor as well, one that gives it away
/// has it back after milliseconds only, in which what it waited for has long been there. Then the
/// next ones sleep at once. Thread-safe.
class Yielding {
 public:
  /// Asked before each row of yields.
  bool worthwhile() {
    const std::size_t left = rows_left_out_.load(std::memory_order_relaxed);
    if (left == 0) return true;
    // Two at once may count as one: that is as good.
    rows_left_out_.store(left - 1, std::memory_order_relaxed);
    return false;
  }

  /// False: that took long, and the row is over.
  bool yield(void (*give_away)() = std::this_thread::yield) {
    const auto before = std::chrono::steady_clock::now();
    give_away();
    if (std::chrono::steady_clock::now() - before < kQuick) return true;
    rows_left_out_.store(kRowsLeftOut, std::memory_order_relaxed);
    return false;
  }

  /// Where it takes longer to have the processor back, others want it as well.
  static constexpr std::chrono::microseconds kQuick{500};
  /// Rows that are left out then.
  static constexpr std::size_t kRowsLeftOut = 1'023;

 private:
  std::atomic<std::size_t> rows_left_out_{0};
};

}  // namespace outbox::store

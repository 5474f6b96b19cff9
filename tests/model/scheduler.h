#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace outbox::model {

/// Simulated time: what is due next, in order of time, then of scheduling.
class Scheduler {
 public:
  std::int64_t now_ms() const { return now_ms_; }
  void at(std::int64_t when_ms, std::function<void()> what) {
    due_.push_back({std::max(when_ms, now_ms_), ++last_, std::move(what)});
    std::push_heap(due_.begin(), due_.end(), later);
  }
  void after(std::int64_t delay_ms, std::function<void()> what) {
    at(now_ms_ + delay_ms, std::move(what));
  }
  /// The clock goes on while nobody runs: what was due meanwhile comes late.
  void pass(std::int64_t ms) { now_ms_ += ms; }
  /// Runs one; false: nothing is due before or at `until_ms`.
  bool step(std::int64_t until_ms) {
    if (due_.empty() || due_.front().when_ms > until_ms) return false;
    std::pop_heap(due_.begin(), due_.end(), later);
    const Event next = std::move(due_.back());
    due_.pop_back();
    now_ms_ = std::max(now_ms_, next.when_ms);
    next.what();
    return true;
  }

 private:
  struct Event {
    std::int64_t when_ms;
    std::uint64_t order;
    std::function<void()> what;
  };
  static bool later(const Event& a, const Event& b) {
    return std::pair(a.when_ms, a.order) > std::pair(b.when_ms, b.order);
  }

  std::int64_t now_ms_ = 1'000'000;
  std::uint64_t last_ = 0;
  std::vector<Event> due_;  ///< a heap
};

}  // namespace outbox::model

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace outbox::model {

/// Simulated time: what is due next, in order of time, then of scheduling.
class Scheduler {
 public:
  std::int64_t now_ms() const { return now_ms_; }
  void at(std::int64_t when_ms, std::function<void()> what) {
    due_.emplace(std::pair(when_ms < now_ms_ ? now_ms_ : when_ms, ++last_), std::move(what));
  }
  void after(std::int64_t delay_ms, std::function<void()> what) {
    at(now_ms_ + delay_ms, std::move(what));
  }
  /// Runs one; false: nothing is due before or at `until_ms`.
  bool step(std::int64_t until_ms) {
    if (due_.empty() || due_.begin()->first.first > until_ms) return false;
    const auto next = due_.begin();
    now_ms_ = next->first.first;
    const std::function<void()> what = std::move(next->second);
    due_.erase(next);
    what();
    return true;
  }

 private:
  std::int64_t now_ms_ = 1'000'000;
  std::uint64_t last_ = 0;
  std::map<std::pair<std::int64_t, std::uint64_t>, std::function<void()>> due_;
};

}  // namespace outbox::model

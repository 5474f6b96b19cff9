#pragma once

#include <chrono>
#include <thread>

namespace outbox::test {

inline constexpr std::chrono::milliseconds kPoll_ms{2};

/// True as soon as `condition()` is, false when it is not by the deadline.
/// For conditions that have no condition variable to wait on.
template <typename Condition>
bool wait_until(Condition condition, std::chrono::milliseconds timeout_ms) {
  const auto deadline = std::chrono::steady_clock::now() + timeout_ms;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return condition();
    std::this_thread::sleep_for(kPoll_ms);
  }
  return true;
}

}  // namespace outbox::test

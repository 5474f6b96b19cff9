#pragma once

#include <chrono>
#include <cstdint>

namespace outbox {

/// The seam for time. Deadlines and retries use mono_ms, which never goes back;
/// wall_ms is only recorded and shown. const calls are safe from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Milliseconds since an arbitrary start.
  virtual std::int64_t mono_ms() const = 0;
  /// Milliseconds since the Unix epoch.
  virtual std::int64_t wall_ms() const = 0;
};

class SystemClock final : public Clock {
 public:
  std::int64_t mono_ms() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  std::int64_t wall_ms() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace outbox

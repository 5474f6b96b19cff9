#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace outbox::relay {

/// What the relay logs again and again while something is wrong.
enum class LogKind { kUnreachable, kLane, kRebuild, kRdkafka, kStore, kPreflight, kCount };

/// So many lines of one kind a minute; the rest are counted and said with the
/// next line. One thread.
class LogLimiter {
 public:
  static constexpr std::size_t kLinesPerMinute = 10;
  static constexpr std::size_t kUnreachableLinesPerMinute = 1;
  static constexpr std::int64_t kWindowMs = 60'000;

  /// True: log it, and say that `suppressed()` lines were left out before.
  bool admit(LogKind kind, std::int64_t now_ms);
  /// Lines left out before the one that admit() let through last.
  std::uint64_t suppressed() const { return suppressed_; }

 private:
  struct Window {
    bool open = false;
    std::int64_t start_ms = 0;
    std::size_t lines = 0;
    std::uint64_t left_out = 0;
  };
  std::array<Window, static_cast<std::size_t>(LogKind::kCount)> windows_{};
  std::uint64_t suppressed_ = 0;
};

}  // namespace outbox::relay

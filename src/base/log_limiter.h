#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace outbox {

/// For what is logged again and again while something is wrong: so many lines a minute; the rest
/// are counted. Not thread-safe.
class LogLimiter {
 public:
  static constexpr std::size_t kLinesPerMinute = 10;
  static constexpr std::int64_t kWindowMs = 60'000;

  LogLimiter() = default;
  explicit LogLimiter(std::size_t lines_per_minute) : lines_max_(lines_per_minute) {}

  /// True: log it, and left_out() behind it.
  bool admit(std::int64_t now_ms);
  /// " (12 lines left out before)", of the one that admit() let through last; empty: none.
  std::string left_out() const;

 private:
  std::size_t lines_max_ = kLinesPerMinute;
  bool open_ = false;
  std::int64_t start_ms_ = 0;
  std::size_t lines_ = 0;
  std::uint64_t suppressed_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace outbox

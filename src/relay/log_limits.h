#pragma once

#include <array>
#include <cstddef>

#include "base/log_limiter.h"

namespace outbox::relay {

/// What the relay logs again and again while something is wrong.
enum class LogKind { kUnreachable, kLane, kRebuild, kRdkafka, kStore, kPreflight, kCount };

/// A limit for each. One thread.
class LogLimits {
 public:
  LogLimits() { of(LogKind::kUnreachable) = LogLimiter(1); }

  LogLimiter& of(LogKind kind) { return limiters_[static_cast<std::size_t>(kind)]; }

 private:
  std::array<LogLimiter, static_cast<std::size_t>(LogKind::kCount)> limiters_;
};

}  // namespace outbox::relay

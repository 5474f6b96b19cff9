#include "relay/log_limiter.h"

#include <utility>

namespace outbox::relay {

bool LogLimiter::admit(LogKind kind, std::int64_t now_ms) {
  Window& window = windows_[static_cast<std::size_t>(kind)];
  if (!window.open || now_ms - window.start_ms >= kWindowMs) {
    window.open = true;
    window.start_ms = now_ms;
    window.lines = 0;
  }
  const std::size_t lines_max =
      kind == LogKind::kUnreachable ? kUnreachableLinesPerMinute : kLinesPerMinute;
  if (window.lines == lines_max) {
    ++window.left_out;
    return false;
  }
  ++window.lines;
  suppressed_ = std::exchange(window.left_out, 0);
  return true;
}

}  // namespace outbox::relay

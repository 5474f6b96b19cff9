#include "base/log_limiter.h"

#include <utility>

namespace outbox {

bool LogLimiter::admit(std::int64_t now_ms) {
  if (!open_ || now_ms - start_ms_ >= kWindowMs) {
    open_ = true;
    start_ms_ = now_ms;
    lines_ = 0;
  }
  if (lines_ == lines_max_) {
    ++suppressed_;
    return false;
  }
  ++lines_;
  left_out_ = std::exchange(suppressed_, 0);
  return true;
}

std::string LogLimiter::left_out() const {
  return left_out_ == 0 ? "" : " (" + std::to_string(left_out_) + " lines left out before)";
}

}  // namespace outbox

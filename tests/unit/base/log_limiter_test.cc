#include "base/log_limiter.h"

#include <catch2/catch.hpp>

namespace outbox {
namespace {

TEST_CASE("log lines are limited, and what was left out is counted") {
  LogLimiter limiter(2);
  CHECK(limiter.admit(0));
  CHECK(limiter.admit(1));
  CHECK_FALSE(limiter.admit(1'000));
  CHECK_FALSE(limiter.admit(LogLimiter::kWindowMs - 1));
  CHECK(limiter.left_out().empty());
  CHECK(limiter.admit(LogLimiter::kWindowMs));
  CHECK(limiter.left_out() == " (2 lines left out before)");
  CHECK(limiter.admit(LogLimiter::kWindowMs));
  CHECK(limiter.left_out().empty());
}

}  // namespace
}  // namespace outbox

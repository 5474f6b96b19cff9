#include "store/progress_rides.h"

#include <catch2/catch.hpp>

namespace outbox::test {

using store::ProgressRides;

TEST_CASE("progress rides: at most every so many milliseconds, and never without progress") {
  ProgressRides rides;
  std::int64_t now_ms = ProgressRides::kEveryMs;
  CHECK_FALSE(rides.board(0, now_ms));
  CHECK(rides.board(1, now_ms));
  CHECK_FALSE(rides.board(1, now_ms + ProgressRides::kEveryMs - 1));
  CHECK(rides.board(1, now_ms + ProgressRides::kEveryMs));
  CHECK(rides.rides() == 2);
  now_ms += ProgressRides::kEveryMs;
  rides.went_alone(now_ms + 1);
  CHECK_FALSE(rides.board(1, now_ms + ProgressRides::kEveryMs));
}

TEST_CASE("progress rides: sooner where much was appended, more of it for each lane") {
  ProgressRides rides;
  constexpr std::int64_t kNowMs = ProgressRides::kEveryMs;
  REQUIRE(rides.board(1, kNowMs));
  rides.appended(ProgressRides::kBytes + ProgressRides::kLaneBytes - 1);
  CHECK_FALSE(rides.board(1, kNowMs));
  rides.appended(1);
  CHECK_FALSE(rides.board(2, kNowMs));
  CHECK(rides.board(1, kNowMs));
  CHECK_FALSE(rides.board(1, kNowMs));
}

TEST_CASE("progress rides: with the next group where it is due") {
  ProgressRides rides;
  REQUIRE(rides.board(1, ProgressRides::kEveryMs));
  rides.set_due(true);
  CHECK_FALSE(rides.board(0, ProgressRides::kEveryMs));
  CHECK(rides.board(1, ProgressRides::kEveryMs));
  rides.set_due(false);
  CHECK_FALSE(rides.board(1, ProgressRides::kEveryMs));
}

}  // namespace outbox::test

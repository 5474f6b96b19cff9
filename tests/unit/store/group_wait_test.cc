#include "store/group_wait.h"

#include <catch2/catch.hpp>

namespace outbox::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr auto kWrote = milliseconds(8);

bool waits(store::GroupWait& wait, std::size_t callers = 4, std::size_t queued = 0) {
  return wait.after(callers, queued, kWrote) > store::GroupWait::Duration::zero();
}

}  // namespace

TEST_CASE("group wait: a fraction of a slow fsync, when several may join") {
  store::GroupWait wait;
  CHECK(wait.after(4, 0, kWrote) == milliseconds(1));
  CHECK(waits(wait, 1, 1));
  // One caller alone, or nobody who waits for an answer: it would only cost time.
  CHECK_FALSE(waits(wait, 1, 0));
  CHECK_FALSE(waits(wait, 0, 100));
  // On a fast disk the others come back while some are written.
  CHECK(wait.after(4, 0, microseconds(999)) == store::GroupWait::Duration::zero());
  CHECK(wait.after(4, 0, milliseconds(1)) == microseconds(125));
}

TEST_CASE("group wait: rare while nobody comes back, at once again when they do") {
  store::GroupWait wait;
  int waited = 0;
  for (int group = 0; group < 1'000; ++group) {
    if (!waits(wait)) continue;
    ++waited;
    wait.waited(4, 1);
  }
  CHECK(waited > 10);
  CHECK(waited < 30);
  const auto groups = [&] {
    int left_out = 0;
    while (left_out < 100 && !waits(wait)) ++left_out;
    return left_out;
  };
  CHECK(groups() < 64);
  wait.waited(4, 2);
  for (int group = 0; group < 100; ++group) {
    CHECK(waits(wait));
    wait.waited(4, 4);
  }
}

}  // namespace outbox::test

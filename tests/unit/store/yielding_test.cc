#include "store/yielding.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <deque>

namespace outbox::test {
namespace {

void at_once() {}

void after_a_while() {
  const auto until = std::chrono::steady_clock::now() + store::Yielding::kQuick;
  while (std::chrono::steady_clock::now() < until) {
  }
}

}  // namespace

TEST_CASE("yielding: worth it as long as the processor is back soon, but for an accident") {
  store::Yielding yielding;
  // A busy machine may make some of these slow.
  const auto quick_again = [&] {
    for (int i = 0; i < 1'000; ++i) {
      if (yielding.yield(at_once)) return true;
    }
    return false;
  };
  CHECK(quick_again());
  CHECK_FALSE(yielding.yield(after_a_while));
  CHECK(yielding.worthwhile());
  CHECK(quick_again());
}

TEST_CASE("yielding: where it takes long nobody does for a while, and then it is tried again") {
  using store::Yielding;
  Yielding yielding;
  auto before = Yielding::Clock::now();
  for (int i = 0; i < Yielding::kSlowMax; ++i) CHECK_FALSE(yielding.yield(after_a_while));
  CHECK_FALSE(yielding.worthwhile(before + Yielding::kPause));
  CHECK(yielding.worthwhile(Yielding::Clock::now() + Yielding::kPause));
  // Who tries again, and is slow, tells all.
  before = Yielding::Clock::now();
  CHECK_FALSE(yielding.yield(after_a_while));
  CHECK_FALSE(yielding.worthwhile(before + Yielding::kPause));
}

TEST_CASE("yielding: where many wait they take their turns, and go on yielding") {
  using store::Yielding;
  Yielding yielding;
  constexpr std::size_t kWaiters = 100;
  static_assert(kWaiters * Yielding::kTurn > 2 * Yielding::kQuick);
  std::deque<Yielding::Waiter> waiters;
  for (std::size_t i = 0; i < kWaiters; ++i) waiters.emplace_back(yielding);
  bool quick = false;
  // A busy machine may make some of these slow.
  for (int i = 0; i < 100 && !quick; ++i) quick = yielding.yield(after_a_while);
  CHECK(quick);
  waiters.clear();
  CHECK_FALSE(yielding.yield(after_a_while));
}

}  // namespace outbox::test

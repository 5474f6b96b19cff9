#include "store/yielding.h"

#include <catch2/catch.hpp>
#include <chrono>

namespace outbox::test {
namespace {

void at_once() {}

void after_a_while() {
  const auto until = std::chrono::steady_clock::now() + store::Yielding::kQuick;
  while (std::chrono::steady_clock::now() < until) {
  }
}

}  // namespace

TEST_CASE("yielding: worth it as long as the processor is back soon") {
  store::Yielding yielding;
  // A busy machine may make one of them slow.
  bool quick = false;
  for (int i = 0; i < 100 && !quick; ++i) quick = yielding.yield(at_once);
  CHECK(quick);
  CHECK(store::Yielding().worthwhile());
}

TEST_CASE("yielding: where it took long nobody does for a while, and then it is tried again") {
  using store::Yielding;
  Yielding yielding;
  const auto before = Yielding::Clock::now();
  CHECK_FALSE(yielding.yield(after_a_while));
  CHECK_FALSE(yielding.worthwhile(before + Yielding::kPause));
  CHECK(yielding.worthwhile(Yielding::Clock::now() + Yielding::kPause));
}

}  // namespace outbox::test

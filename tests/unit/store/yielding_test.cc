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

TEST_CASE("yielding: where it took long the next rows are left out, and then it is tried again") {
  store::Yielding yielding;
  CHECK_FALSE(yielding.yield(after_a_while));
  std::size_t left_out = 0;
  while (!yielding.worthwhile()) ++left_out;
  CHECK(left_out == store::Yielding::kRowsLeftOut);
}

}  // namespace outbox::test

#include "base/event.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <thread>

namespace outbox::test {

TEST_CASE("event: what was said before is not waited for") {
  Event event;
  event.set();
  event.wait();
  CHECK(event.is_set());
  event.reset();
  CHECK_FALSE(event.is_set());
}

TEST_CASE(
    "event: who waits sees all that was done before it was said, and may destroy it at once") {
  constexpr int kRounds = 20'000;
  struct Round {
    Event event;
    int done = 0;
  };
  std::atomic<Round*> turn{nullptr};
  std::thread teller([&turn] {
    for (int i = 1; i <= kRounds; ++i) {
      Round* round = nullptr;
      while ((round = turn.exchange(nullptr)) == nullptr) std::this_thread::yield();
      round->done = i;
      round->event.set();
    }
  });
  int wrong = 0;
  for (int i = 1; i <= kRounds; ++i) {
    const auto round = std::make_unique<Round>();
    turn = round.get();
    round->event.wait();
    wrong += round->done == i ? 0 : 1;
  }
  teller.join();
  CHECK(wrong == 0);
}

}  // namespace outbox::test

#include "base/event.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "support/wait.h"

namespace outbox::test {

TEST_CASE("event: what was said before is not waited for") {
  Event event;
  event.set();
  event.wait();
  CHECK(event.is_set());
}

TEST_CASE("event: who waits sees what was done before it was said, and may destroy it at once") {
  constexpr int kRounds = 2'000;
  struct Round {
    Event asked;
    Event answered;
    int done = 0;
  };
  std::vector<std::unique_ptr<Round>> rounds(kRounds);
  for (auto& round : rounds) round = std::make_unique<Round>();
  std::thread teller([&rounds] {
    for (const auto& round : rounds) {
      Round& now = *round;
      now.asked.wait();
      now.done = 1;
      now.answered.set();
    }
  });
  int done = 0;
  for (auto& round : rounds) {
    round->asked.set();
    round->answered.wait();
    done += round->done;
    round.reset();
  }
  teller.join();
  CHECK(done == kRounds);
}

TEST_CASE("event: all who wait are woken") {
  using namespace std::chrono_literals;
  constexpr int kThreads = 8;
  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    Event event;
    std::atomic<int> ready{0};
    std::atomic<int> woken{0};
    std::vector<std::thread> waiting;
    waiting.reserve(kThreads);
    for (int t = 0; t < kThreads; ++t) {
      waiting.emplace_back([&] {
        ++ready;
        event.wait();
        ++woken;
      });
    }
    REQUIRE(wait_until([&] { return ready == kThreads; }, 10s));
    event.set();
    REQUIRE(wait_until([&] { return woken == kThreads; }, 10s));
    for (auto& thread : waiting) thread.join();
  }
}

}  // namespace outbox::test

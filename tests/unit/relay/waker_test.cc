#include "relay/waker.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

namespace outbox::relay {
namespace {

constexpr int kRounds = 200'000;
constexpr int kSpinsMax = 600;
// The waiter's own deadline: it gets there only when it is not woken.
constexpr std::int64_t kLateMs = 10'000;

}  // namespace

TEST_CASE("waker: no wake-up is lost, whatever the waiter does at that moment") {
  Waker waker;
  std::atomic<int> told{0};
  std::atomic<int> seen{0};
  std::atomic<bool> late{false};
  // The first call of a round meets a waiter that is about to sleep, the second one a waiter that
  // is just waking up.
  std::thread caller([&] {
    for (int round = 1; round <= kRounds && !late; ++round) {
      waker.wake();
      // At another moment of its waking up each time.
      for (std::atomic<int> spin{round % kSpinsMax}; spin > 0;) --spin;
      told = round;
      waker.wake();
      while (seen < round && !late) std::this_thread::yield();
    }
  });
  while (seen < kRounds && !late) {
    const auto before = std::chrono::steady_clock::now();
    waker.wait(kLateMs);
    late = std::chrono::steady_clock::now() - before >= std::chrono::milliseconds(kLateMs);
    seen = told.load();
  }
  caller.join();
  INFO("rounds: " << seen);
  CHECK_FALSE(late);
}

TEST_CASE("waker: a wake-up before the wait is kept, and only one") {
  Waker waker;
  waker.wake();
  waker.wake();
  waker.wait(kLateMs);
  const auto before = std::chrono::steady_clock::now();
  constexpr std::chrono::milliseconds kShort{20};
  waker.wait(kShort.count());
  CHECK(std::chrono::steady_clock::now() - before >= kShort);
}

}  // namespace outbox::relay

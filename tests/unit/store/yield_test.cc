#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "unit/store/committer_fixture.h"

namespace outbox::test {
namespace {

std::atomic<int> yields{0};

}  // namespace
}  // namespace outbox::test

/// In place of the C library's, which the standard library's yields and waits call.
extern "C" int sched_yield() noexcept {
  ++outbox::test::yields;
  return static_cast<int>(::syscall(SYS_sched_yield));
}

namespace outbox::test {

// Who gives the processor away where others want it has it back after milliseconds only.
TEST_CASE("committer: who waits sleeps, and nobody gives the processor away") {
  constexpr int kThreads = 8;
  constexpr int kEach = 200;
  const Disk disk;
  auto store = disk.open();
  REQUIRE(store->append(message("t", "first"), {}).ok());
  const int before = yields;
  std::this_thread::yield();
  REQUIRE(yields == before + 1);  // else nothing below means anything
  std::atomic<int> appended{0};
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) appended += store->append(message("t", "v"), {}).ok() ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(appended == kThreads * kEach);
  CHECK(yields == before + 1);
}

}  // namespace outbox::test

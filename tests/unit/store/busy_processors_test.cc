#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "store/yielding.h"
#include "unit/store/committer_fixture.h"

namespace outbox::test {
namespace {

/// While it is set, who gives the processor away has it back late.
std::atomic<bool> processors_busy{false};
std::atomic<int> slow_yields{0};

}  // namespace
}  // namespace outbox::test

/// In place of the C library's, which the standard library's yields and waits call.
extern "C" int sched_yield() noexcept {
  using namespace outbox::test;
  if (processors_busy) {
    ++slow_yields;
    const auto until = std::chrono::steady_clock::now() + 2 * outbox::store::Yielding::kQuick;
    while (std::chrono::steady_clock::now() < until) {
    }
  }
  return static_cast<int>(::syscall(SYS_sched_yield));
}

namespace outbox::test {
namespace {

class BusyProcessors {
 public:
  BusyProcessors() { processors_busy = true; }
  ~BusyProcessors() { processors_busy = false; }
  BusyProcessors(const BusyProcessors&) = delete;
  BusyProcessors& operator=(const BusyProcessors&) = delete;
};

}  // namespace

TEST_CASE("committer: where a yield takes long, callers and the committer's thread sleep at once") {
  constexpr int kThreads = 8;
  constexpr int kEach = 200;
  const Disk disk;
  auto store = disk.open();
  REQUIRE(store->append(message("t", "first"), {}).ok());
  const BusyProcessors busy;
  const int before = slow_yields;
  std::this_thread::yield();
  REQUIRE(slow_yields == before + 1);  // else nothing below means anything
  const auto began = std::chrono::steady_clock::now();
  std::atomic<int> appended{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) appended += store->append(message("t", "v"), {}).ok() ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(appended == kThreads * kEach);
  // A few are enough to know it, and who was about to yield did. Twice as many, because two at once
  // may count as one; callers who take no notice yield for each message.
  const auto pauses = (std::chrono::steady_clock::now() - began) / store::Yielding::kPause + 1;
  CAPTURE(pauses);
  CHECK(slow_yields - before <= 2 * (store::Yielding::kSlowMax + pauses * (kThreads + 1)));
}

}  // namespace outbox::test

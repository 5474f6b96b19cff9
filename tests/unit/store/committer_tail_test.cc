// Progress and the durable tail, which the committer makes durable in time.
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "store/committer.h"
#include "store/durable_tail.h"
#include "support/drop_env.h"
#include "support/wait.h"
#include "unit/store/committer_fixture.h"

namespace outbox::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("committer: one caller without a pause starves neither progress nor the durable tail") {
  const Disk disk;
  disk.fs->slow_syncs(milliseconds(1));  // or the tail grows so fast that rewrites sync it
  std::atomic<bool> stop{false};
  std::atomic<Seq> appended{0};
  {
    auto store = disk.open();
    REQUIRE(store->append(message("t", "first"), {}).ok());
    std::thread caller([&] {
      while (!stop) {
        const auto result = store->append(message("t", "v"), {});
        if (!result.ok()) return;
        appended = result->seq;
      }
    });
    REQUIRE(wait_until([&] { return appended > 100; }, seconds(10)));
    for (Seq head = 1; head <= 20; ++head) {
      store->advance(1, settled(head), 1);
      REQUIRE(store->sync_progress().ok());
      REQUIRE(*store->settled_through("t") == head);
    }
    // Without sync_progress it rides along by itself.
    store->advance(1, settled(50), 30);
    CHECK(wait_until([&] { return *store->settled_through("t") == 50; }, seconds(5)));
    const Seq seen = appended;
    REQUIRE(wait_until(
        [&] {
          const auto lanes = store::DurableTail::load(*disk.env, disk.path);
          return lanes.ok() && lanes->count(1) > 0 && lanes->at(1) > seen;
        },
        seconds(5)));
    // Once the second fsync of the file is under way the first one is done.
    for (int i = 0; i < 2; ++i) {
      disk.fs->hang_syncs(store::DurableTail::kFileName);
      REQUIRE(wait_until([&] { return disk.fs->hanging() > 0; }, seconds(15)));
      disk.fs->hang_syncs({});
      REQUIRE(wait_until([&] { return disk.fs->hanging() == 0; }, seconds(15)));
    }
    disk.fs->cut_power();
    stop = true;
    caller.join();
  }
  disk.fs->restore_power(1, Keep::kSynced);
  const auto lanes = store::DurableTail::load(*disk.env, disk.path);
  REQUIRE(lanes.ok());
  CHECK(lanes->count(1) == 1);
}

TEST_CASE("committer: nor do callers who always find each other at work") {
  const Disk disk;
  auto store = disk.open();
  REQUIRE(store->append(message("t", "first"), {}).ok());
  disk.fs->slow_syncs(milliseconds(2));
  disk.fs->hang_syncs(store::DurableTail::kFileName);
  std::atomic<bool> stop{false};
  std::vector<std::thread> callers;
  callers.reserve(4);
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (!stop && store->append(message("t", "v"), {}).ok()) {
      }
    });
  }
  CHECK(wait_until([&] { return disk.fs->hanging() > 0; }, seconds(15)));
  disk.fs->hang_syncs({});
  stop = true;
  for (std::thread& caller : callers) caller.join();
}

TEST_CASE(
    "committer: a durable tail that cannot be fsynced stops the store, a full disk does not") {
  const bool full = GENERATE(false, true);
  CAPTURE(full);
  const Disk disk;
  auto store = disk.open();
  FsFault fault;
  fault.ops = kFsSync;
  fault.path_contains = store::DurableTail::kFileName;
  fault.error = full ? ENOSPC : EIO;
  fault.forever = true;
  disk.fs->fail(fault);
  REQUIRE(store->append(message("t", "v"), {}).ok());  // durable without it
  // It is tried again in a second: what the first failure did is done by then.
  const std::uint64_t tries = full ? 2 : 1;
  REQUIRE(wait_until([&] { return disk.fs->failed() >= tries; }, seconds(15)));
  const auto stopped = [&] {
    return store->append(message("t", "v"), {}).status().code() == Code::kPoisoned;
  };
  if (full) {
    CHECK_FALSE(stopped());
  } else {
    CHECK(wait_until(stopped, seconds(15)));
  }
}

TEST_CASE("committer: who waits for progress is told when there will be none") {
  const Disk disk;
  auto store = disk.open();
  REQUIRE(store->append(message("t", "v"), {}).ok());
  FsFault fault;
  fault.ops = kFsSync;
  fault.path_contains = ".log";
  disk.fs->fail(fault);
  Code told = Code::kOk;
  std::thread waits([&] { told = store->flush_until("t", 1, std::chrono::hours(1)).code(); });
  CHECK(store->append(message("t", "w"), {}).status().code() == Code::kIndeterminate);
  waits.join();
  CHECK(told == Code::kPoisoned);
  disk.fs->heal();
}

TEST_CASE("committer: nothing touches the disk when nothing changed") {
  const Disk disk;
  auto store = disk.open();
  REQUIRE(store->append(message("t", "v"), {}).ok());
  store->advance(1, settled(1), 1);
  REQUIRE(wait_until([&] { return *store->settled_through("t") == 1; }, seconds(10)));
  // The tail's own second.
  std::uint64_t calls = 0;
  REQUIRE(wait_until(
      [&] {
        const std::uint64_t before = std::exchange(calls, disk.fs->count(kFsAny));
        return before == calls &&
               !wait_until([&] { return disk.fs->count(kFsAny) != calls; }, milliseconds(1'500));
      },
      seconds(30)));
  CHECK(store->sync_progress().ok());
  CHECK(disk.fs->count(kFsAny) == calls);
}

}  // namespace outbox::test

#include <future>
#include <map>

#include "support/drop_env.h"
#include "support/wait.h"
#include "unit/store/fixture.h"

namespace outbox::test {
namespace {

using std::chrono::milliseconds;

const std::string kTenKb(10'000, 'x');

Options refusing() {
  Options options;
  options.when_full = WhenFull::kRefuse;
  return options;
}

}  // namespace

TEST_CASE("limits: bytes come back as they were taken, however often the outbox turns over") {
  const Disk disk;
  Options options = refusing();
  options.pending_bytes_max = 4'096;
  auto store = disk.open(options);
  // The smallest messages: what is counted a few bytes wrong each time adds up fastest.
  Message tiny;
  tiny.topic = "t";
  Seq seq = 0;
  const auto fill = [&] {
    std::uint64_t taken = 0;
    for (;; ++taken, ++seq) {
      const auto appended = store->append(tiny, {});
      if (appended.ok()) continue;
      REQUIRE(appended.status().code() == Code::kFull);
      return taken;
    }
  };
  const std::uint64_t room = fill();
  REQUIRE(room > 10);
  for (int round = 0; round < 20; ++round) {
    // All but one, so that a drift is not hidden by an empty outbox.
    store->advance(1, settled(seq - 1), room - 1);
    REQUIRE(fill() == room - 1);
  }
}

TEST_CASE("limits: refused and repeated messages give back exactly what they took") {
  const Disk disk;
  Options options = refusing();
  options.pending_bytes_max = 4'096;
  auto store = disk.open(options);
  for (int i = 0; i < 1'000; ++i) REQUIRE(store->append(keyed("t", "same"), {}).ok());
  std::uint64_t taken = 0;
  while (store->append(message("t", "x"), {}).ok()) ++taken;
  const Disk fresh_disk;
  auto fresh = fresh_disk.open(options);
  REQUIRE(fresh->append(keyed("t", "same"), {}).ok());
  std::uint64_t expected = 0;
  while (fresh->append(message("t", "x"), {}).ok()) ++expected;
  CHECK(taken == expected);
}

TEST_CASE("limits: a backlog counts against pending_bytes_max after a reopen without progress") {
  const Disk disk;
  {
    auto store = disk.open(refusing());
    for (int i = 0; i < 100; ++i) REQUIRE(store->append(message("t", kTenKb), {}).ok());
  }
  Options options = refusing();
  options.pending_bytes_max = 2'000'000;  // key and value: 20 kB an entry
  auto store = disk.open(options);
  CHECK(store->append(message("t", kTenKb), {}).status().code() == Code::kFull);
  store->advance(1, settled(90), 90);
  CHECK(store->append(message("t", kTenKb), {}).ok());
}

TEST_CASE("limits: a blocked append goes on when the relay makes progress") {
  const Disk disk;
  Options options;
  options.pending_entries_max = 1;
  auto store = disk.open(options);
  REQUIRE(store->append(message("t", "1"), {}).ok());
  auto blocked =
      std::async(std::launch::async, [&] { return store->append(message("t", "2"), {}); });
  CHECK(blocked.wait_for(milliseconds(20)) == std::future_status::timeout);
  store->advance(1, settled(1), 1);
  CHECK(blocked.get()->seq == 2);
  CHECK(store->append_batch(std::vector(2, message("t", "3"))).status().code() == Code::kTooLarge);
}

TEST_CASE("limits: callbacks have their own, which blocks or refuses") {
  const Disk disk;
  Options options;
  options.delivery_callbacks_max = 1;
  options.full_deadline_ms = milliseconds(10);
  const WhenFull when_full = GENERATE(WhenFull::kBlock, WhenFull::kRefuse);
  options.when_full = when_full;
  auto store = disk.open(options);
  int called = 0;
  const auto callback = [&](const DeliveryOutcome&) { ++called; };
  REQUIRE(store->append(message("t", "1"), callback).ok());
  CHECK(store->append(message("t", "2"), callback).status().code() == Code::kFull);
  CHECK(store->append(message("t", "2"), {}).ok());
  store->settle_callback(1, 1, {"t", 1, Delivered{0, 0}});
  CHECK(called == 1);
  // A repeated key uses no place.
  for (int i = 0; i < 5; ++i) REQUIRE(store->append(keyed("t", "same"), {}).ok());
  for (int i = 0; i < 5; ++i) REQUIRE(store->append(keyed("t", "same"), callback).ok());
  REQUIRE(store->append(message("t", "4"), callback).ok());
  CHECK(store->append(message("t", "5"), callback).status().code() == Code::kFull);
}

TEST_CASE("limits: an append that waits for a callback's place gets the one that becomes free") {
  const Disk disk;
  Options options;
  options.delivery_callbacks_max = 1;
  auto store = disk.open(options);
  const auto nothing = [](const DeliveryOutcome&) {};
  REQUIRE(store->append(message("t", "1"), nothing).ok());
  auto blocked =
      std::async(std::launch::async, [&] { return store->append(message("t", "2"), nothing); });
  CHECK(blocked.wait_for(milliseconds(20)) == std::future_status::timeout);
  store->settle_callback(1, 1, {"t", 1, Delivered{0, 0}});
  CHECK(blocked.get()->seq == 2);
}

TEST_CASE("limits: no waiting time is too long, and none is waited for what is there") {
  const Disk disk;
  auto store = disk.open();
  REQUIRE(store->append(message("t", "1"), {}).ok());
  CHECK(store->flush_until("nothing", 1, milliseconds(0)).code() == Code::kNotFound);
  CHECK(store->flush_until("t", 1, milliseconds(0)).code() == Code::kTimeout);
  CHECK(store->flush_until("t", 1, milliseconds(-1)).code() == Code::kTimeout);
  auto waiting = std::async(std::launch::async,
                            [&] { return store->flush_until("t", 1, milliseconds::max()); });
  CHECK(waiting.wait_for(milliseconds(20)) == std::future_status::timeout);
  store->advance(1, settled(1), 1);
  CHECK(waiting.get().ok());
}

TEST_CASE("limits: one topic too many, one message too many, one byte too many") {
  const Disk disk;
  Options options;
  options.lanes_max = 2;
  options.batch_entries_max = 3;
  options.batch_bytes_max = 1'000;
  auto store = disk.open(options);
  REQUIRE(store->append(message("a", "v"), {}).ok());
  REQUIRE(store->append(message("b", "v"), {}).ok());
  const auto third = store->append(message("c", "v"), {});
  CHECK(third.status().code() == Code::kInvalidArgument);
  CHECK(third.status().message().find("lanes_max") != std::string::npos);
  CHECK(store->append_batch(std::vector(4, message("a", "v"))).status().code() ==
        Code::kInvalidArgument);
  CHECK(store->append_batch(std::vector(2, message("a", std::string(400, 'v')))).status().code() ==
        Code::kInvalidArgument);
  const auto bad = store->append_batch(std::vector{message("a", "v"), message("a b", "v")});
  CHECK(bad.status().message().find("message 1 of the batch") != std::string::npos);
  CHECK(store->append_batch({})->empty());
  CHECK(store->stats()->ledger.appended == 2);
}

TEST_CASE("limits: at the disk's reserve appends are refused, and the relay goes on") {
  const Disk disk;
  ManualClock clock;
  Options options;
  options.disk_reserve_bytes = 1 << 20;
  auto store = disk.open(options, &clock);
  for (int i = 0; i < 3; ++i) REQUIRE(store->append(message("t", "v"), {}).ok());
  disk.fs->set_quota_bytes(disk.fs->used_bytes() + (1 << 19));
  clock.now_ms += 1'000;
  const auto refused = store->append(message("t", "v"), {});
  CHECK(refused.status().code() == Code::kDiskFull);
  CHECK(refused.status().message().find("disk_reserve_bytes") != std::string::npos);
  CHECK(store->health().ok());
  CHECK(store->bury(1, 1, 0, "bad", settled(1)).ok());
  store->advance(1, settled(2), 1);
  CHECK(store->sync_progress().ok());
  disk.fs->set_quota_bytes(disk.fs->used_bytes() + (8 << 20));
  clock.now_ms += 1'000;
  CHECK(store->append(message("t", "v"), {})->seq == 4);
}

TEST_CASE("limits: what the process before left settled makes room too") {
  const Disk disk;
  ManualClock clock;
  Options options;
  options.disk_reserve_bytes = 1 << 20;
  constexpr Seq kCount = 16;
  {
    auto store = disk.open(options, &clock);
    const std::string value(1 << 19, 'v');
    for (Seq i = 0; i < kCount; ++i) REQUIRE(store->append(message("t", value), {}).ok());
  }
  {
    auto store = disk.open(options, &clock);  // writes them to a table
    store->advance(1, settled(kCount), kCount);
    REQUIRE(store->sync_progress().ok());
  }
  auto store = disk.open(options, &clock);
  disk.fs->set_quota_bytes(disk.fs->used_bytes() + (1 << 19));
  clock.now_ms += 1'000;
  CHECK(store->append(message("t", "v"), {}).status().code() == Code::kDiskFull);
  CHECK(wait_until(
      [&] {
        clock.now_ms += 1'000;
        return store->append(message("t", "v"), {}).ok();
      },
      std::chrono::seconds(20)));
}

}  // namespace outbox::test

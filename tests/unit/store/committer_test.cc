#include "store/committer.h"

#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "store/commit_request.h"
#include "support/drop_env.h"
#include "support/wait.h"
#include "unit/store/committer_fixture.h"

namespace outbox::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

void fail(const Disk& disk, unsigned ops, const std::string& path_contains) {
  FsFault fault;
  fault.ops = ops;
  fault.path_contains = path_contains;
  disk.fs->fail(fault);
}

}  // namespace

TEST_CASE("committer: what was OK under many threads outlives a power cut, whole and dense") {
  constexpr int kThreads = 16;
  constexpr int kEach = 100;
  const Disk disk;
  Recorder recorder;
  std::mutex mutex;
  std::map<std::string, std::set<Seq>> acknowledged;
  {
    auto store = disk.open();
    REQUIRE(store->set_drainer(&recorder).ok());
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        const std::string topic = t % 2 == 0 ? "even" : "odd";
        for (int i = 0; i < kEach; ++i) {
          std::vector<Message> batch(i % 10 == 0 ? 3 : 1, message(topic, "v"));
          const auto appended = store->append_batch(batch);
          const std::lock_guard lock(mutex);
          if (!appended.ok()) return;
          for (const Appended& one : *appended) acknowledged[topic].insert(one.seq);
        }
      });
    }
    for (auto& thread : threads) thread.join();
    REQUIRE(store->set_drainer(nullptr).ok());
    disk.fs->cut_power();
  }
  constexpr std::size_t kPerTopic = kThreads / 2 * (kEach + 2 * (kEach / 10));
  CHECK(recorder.bad == 0);
  disk.fs->restore_power(1, Keep::kSynced);
  auto store = disk.open();
  for (const char* topic : {"even", "odd"}) {
    REQUIRE(acknowledged[topic].size() == kPerTopic);
    CHECK(*acknowledged[topic].rbegin() == kPerTopic);
    CHECK(store->peek(topic, 1, 100'000)->size() == kPerTopic);
  }
  CHECK(recorder.last.size() == 2);
}

TEST_CASE("committer: one append, one fsync; many asynchronous ones share theirs") {
  const Disk disk;
  auto store = disk.open();
  REQUIRE(store->append(message("t", "first"), {}).ok());
  std::uint64_t before = disk.fs->count(kFsSync);
  for (int i = 0; i < 50; ++i) REQUIRE(store->append(message("t", "v"), {}).ok());
  CHECK(disk.fs->count(kFsSync) - before >= 50);
  before = disk.fs->count(kFsSync);
  constexpr std::size_t kCount = 20'000;
  Results results;
  for (std::size_t i = 0; i < kCount; ++i) {
    store->append_async(message("t", "v"), results.callback(), {});
  }
  REQUIRE(results.wait_for(kCount));
  CHECK(disk.fs->count(kFsSync) - before < kCount / 2);
}

TEST_CASE("committer: on a slow disk callers who come back share an fsync") {
  constexpr int kThreads = 8;
  constexpr int kEach = 10;
  const Disk disk;
  auto store = disk.open();
  REQUIRE(store->append(message("t", "first"), {}).ok());
  disk.fs->slow_syncs(milliseconds(20));
  // Two halves that take turns need two fsyncs for what all have appended once.
  constexpr std::uint64_t kJoinedMax = kEach * 3 / 2;
  std::uint64_t fewest = kEach * kThreads;
  const auto joined = [&] {
    const std::uint64_t before = disk.fs->count(kFsSync);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kEach; ++i) (void)store->append(message("t", "v"), {});
      });
    }
    for (auto& thread : threads) thread.join();
    fewest = std::min(fewest, disk.fs->count(kFsSync) - before);
    return fewest <= kJoinedMax;
  };
  // A busy machine may wake them too late.
  CHECK(wait_until(joined, seconds(20)));
  CAPTURE(fewest);
}

TEST_CASE("committer: a failed write or fsync is in doubt, then everything is refused") {
  const unsigned op = GENERATE(kFsWrite, kFsSync);
  const Disk disk;
  {
    auto store = disk.open();
    REQUIRE(store->append(message("t", "1"), {}).ok());
    CHECK(store->health().ok());
    fail(disk, op, ".log");
    CHECK(store->append(message("t", "2"), {}).status().code() == Code::kIndeterminate);
    disk.fs->heal();
    CHECK(store->health().code() == Code::kPoisoned);
    CHECK(store->append(message("t", "3"), {}).status().code() == Code::kPoisoned);
    CHECK(store->append_batch(std::vector{message("t", "3")}).status().code() == Code::kPoisoned);
    CHECK(store->sync_progress().code() == Code::kPoisoned);
    CHECK(store->bury(1, 1, 0, "r", settled(1)).code() == Code::kPoisoned);
    // What was durable can still be read.
    CHECK(store->peek("t", 1, 10)->size() == 1);
    // A definite failure stays one.
    CHECK(store->append(message("", "x"), {}).status().code() == Code::kInvalidArgument);
  }
  auto store = disk.open();
  const auto entries = store->peek("t", 1, 10);
  REQUIRE(entries.ok());
  CHECK((entries->size() == 1 || entries->size() == 2));
  for (const StoredEntry& entry : *entries) CHECK(entry.message.value != "3");
  CHECK(store->append(message("t", "4"), {})->seq == entries->size() + 1);
}

TEST_CASE("committer: a full disk under RocksDB says so") {
  const Disk disk;
  auto store = disk.open();
  REQUIRE(store->append(message("t", "1"), {}).ok());
  FsFault fault;
  fault.ops = kFsWrite;
  fault.error = ENOSPC;
  fault.path_contains = ".log";
  disk.fs->fail(fault);
  CHECK(store->append(message("t", "2"), {}).status().code() == Code::kIndeterminate);
  CHECK(store->health().code() == Code::kDiskFull);
}

TEST_CASE("committer: failed asynchronous calls complete in their turn, on the one thread") {
  const Disk disk;
  auto store = disk.open();
  Results results;
  std::vector<Code> expected;
  for (int i = 0; i < 3'000; ++i) {
    const bool bad = i % 3 == 1;
    expected.push_back(bad ? Code::kInvalidArgument : Code::kOk);
    store->append_async(message(bad ? "no such/topic" : "t", "v"), results.callback(), {});
  }
  REQUIRE(results.wait_for(expected.size()));
  CHECK(results.codes == expected);
  CHECK(results.threads.size() == 1);
  CHECK(results.threads.count(std::this_thread::get_id()) == 0);
  CHECK(store->stats()->ledger.appended == 2'000);
}

TEST_CASE("committer: a callback that appends never waits for itself") {
  const Disk disk;
  Options options;
  options.commit_queue_bytes_max = 4'096;
  std::atomic<int> done{0};
  auto store = disk.open(options);
  const Message large = message("t", std::string(1'500, 'x'));
  std::function<void(int)> chain = [&](int left) {
    store->append_async(large,
                        [&, left](const Result<Appended>&) {
                          ++done;
                          if (left > 0) chain(left - 1);
                        },
                        {});
  };
  for (int i = 0; i < 8; ++i) chain(50);
  CHECK(wait_until([&] { return done == 8 * 51; }, seconds(30)));
}

TEST_CASE("committer: a callback that appends into a full outbox is refused at once") {
  const Disk disk;
  Options options;
  options.pending_entries_max = 1;
  options.full_deadline_ms = std::chrono::hours(1);
  auto store = disk.open(options);
  Results second;
  store->append_async(message("t", "v"),
                      [&](const Result<Appended>&) {
                        store->append_async(message("t", "w"), second.callback(), {});
                      },
                      {});
  REQUIRE(second.wait_for(1));
  CHECK(second.codes == std::vector{Code::kFull});
}

TEST_CASE("committer: what waits is bounded by its memory, also when messages are tiny") {
  constexpr std::size_t kQueueBytes = 64 << 10;
  // Were only the records counted, some two thousand would fit.
  constexpr std::size_t kFitMax =
      kQueueBytes / (sizeof(store::CommitRequest) + sizeof(store::CommitItem));
  constexpr std::size_t kCount = 4'000;
  const Disk disk;
  Options options;
  options.commit_queue_bytes_max = kQueueBytes;
  auto store = disk.open(options);
  Results results;
  disk.fs->hang_syncs(".log");
  store->append_async(message("t", "v"), results.callback(), {});
  REQUIRE(wait_until([&] { return disk.fs->hanging() > 0; }, seconds(10)));
  std::atomic<std::size_t> waiting{0};
  std::thread caller([&] {
    for (; waiting < kCount; ++waiting) {
      store->append_async(message("t", "v"), results.callback(), {});
    }
  });
  CHECK_FALSE(wait_until([&] { return waiting > kFitMax; }, milliseconds(500)));
  CHECK(waiting > 0);
  disk.fs->hang_syncs({});
  caller.join();
  REQUIRE(results.wait_for(kCount + 1));
  CHECK(static_cast<std::size_t>(
            std::count(results.codes.begin(), results.codes.end(), Code::kOk)) == kCount + 1);
}

TEST_CASE("committer: small messages do not pass a large one that waits for room") {
  constexpr std::size_t kQueueBytes = 64 << 10;
  const Disk disk;
  Options options;
  options.commit_queue_bytes_max = kQueueBytes;
  auto store = disk.open(options);
  Results results;
  // In the queue it is there twice: as given, and in its group.
  const Message half = message("t", std::string(kQueueBytes / 4, 'x'));
  disk.fs->hang_syncs(".log");
  store->append_async(half, results.callback(), {});
  REQUIRE(wait_until([&] { return disk.fs->hanging() > 0; }, seconds(10)));
  store->append_async(half, results.callback(), {});
  std::atomic<bool> queued{false};
  std::thread large([&] {
    store->append_async(half, results.callback(), {});
    queued = true;
  });
  CHECK_FALSE(wait_until([&] { return queued.load(); }, milliseconds(500)));
  // There is room for all of these.
  constexpr std::size_t kSmallMessages = 10;
  std::atomic<std::size_t> passed{0};
  std::thread small([&] {
    for (; passed < kSmallMessages; ++passed) {
      store->append_async(message("t", "v"), results.callback(), {});
    }
  });
  CHECK_FALSE(wait_until([&] { return passed > 0; }, milliseconds(500)));
  disk.fs->hang_syncs({});
  large.join();
  small.join();
  REQUIRE(results.wait_for(3 + kSmallMessages));
  CHECK(std::ranges::all_of(results.codes, [](Code code) { return code == Code::kOk; }));
}

TEST_CASE("committer: closing completes what is queued, and what was OK is there") {
  const Disk disk;
  Results results;
  constexpr std::size_t kCount = 5'000;
  {
    auto store = disk.open();
    for (std::size_t i = 0; i < kCount; ++i) {
      store->append_async(message("t", "v"), results.callback(), {});
    }
  }
  REQUIRE(results.codes.size() == kCount);
  const auto ok =
      static_cast<std::size_t>(std::count(results.codes.begin(), results.codes.end(), Code::kOk));
  disk.fs->cut_power();
  disk.fs->restore_power(1, Keep::kSynced);
  // The durable tail knows of them without the second that it may wait.
  CHECK(store::DurableTail::load(*disk.env, disk.path)->at(1) == ok);
  auto store = disk.open();
  CHECK(store->peek("t", 1, 2 * kCount)->size() == ok);
}

}  // namespace outbox::test

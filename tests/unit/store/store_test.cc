#include "store/store.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "outbox/outbox.h"
#include "support/temp_dir.h"

using namespace outbox;
using std::chrono::milliseconds;

namespace {

Message message(const std::string& topic, const std::string& value) {
  Message made;
  made.topic = topic;
  made.key = "k" + value;
  made.value = value;
  return made;
}

store::Progress settled(Seq through) {
  store::Progress progress;
  progress.head = through + 1;
  progress.through[0] = through;
  return progress;
}

}  // namespace

TEST_CASE("appended entries are numbered 1, 2, 3 per topic and read back byte for byte") {
  const test::TempDir dir;
  auto store = store::Store::open(dir.path(), Options{});
  REQUIRE(store.ok());
  Message rich = message("a", "one");
  rich.headers = {{"h", "v"}, {"null", std::nullopt}, {"empty", ""}};
  rich.timestamp_ms = 1234;
  rich.partition = 3;
  REQUIRE((*store)->append(rich, {})->seq == 1);
  Message tombstone;
  tombstone.topic = "a";
  REQUIRE((*store)->append(tombstone, {})->seq == 2);
  REQUIRE((*store)->append(message("b", "x"), {})->seq == 1);
  const auto entries = (*store)->peek("a", 1, 10);
  REQUIRE(entries.ok());
  REQUIRE(entries->size() == 2);
  CHECK(entries->at(0).message.key == rich.key);
  CHECK(entries->at(0).message.value == rich.value);
  CHECK(entries->at(0).message.headers == rich.headers);
  CHECK(entries->at(0).message.timestamp_ms == 1234);
  CHECK(entries->at(0).message.partition == 3);
  CHECK(entries->at(0).session == (*store)->session());
  CHECK_FALSE(entries->at(1).message.value.has_value());
  CHECK_FALSE(entries->at(1).message.key.has_value());
}

TEST_CASE("numbers are dense under many threads, and everything is there after a reopen") {
  constexpr int kThreads = 16;
  constexpr int kEach = 200;
  const test::TempDir dir;
  std::mutex mutex;
  std::set<Seq> seqs;
  {
    auto store = store::Store::open(dir.path(), Options{});
    REQUIRE(store.ok());
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          const auto appended = (*store)->append(message("t", std::to_string(t * kEach + i)), {});
          const std::lock_guard lock(mutex);
          if (appended.ok()) seqs.insert(appended->seq);
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
  REQUIRE(seqs.size() == kThreads * kEach);
  CHECK(*seqs.begin() == 1);
  CHECK(*seqs.rbegin() == kThreads * kEach);
  auto store = store::Store::open(dir.path(), Options{});
  REQUIRE(store.ok());
  CHECK((*store)->peek("t", 1, 1'000'000)->size() == kThreads * kEach);
  CHECK((*store)->append(message("t", "next"), {})->seq == kThreads * kEach + 1);
  CHECK((*store)->stats()->ledger.balanced());
}

TEST_CASE("asynchronous appends complete in call order") {
  constexpr int kCount = 20'000;
  const test::TempDir dir;
  auto store = store::Store::open(dir.path(), Options{});
  REQUIRE(store.ok());
  std::mutex mutex;
  std::condition_variable all;
  std::vector<Seq> order;
  for (int i = 0; i < kCount; ++i) {
    (*store)->append_async(message("t", std::to_string(i)),
                           [&](const Result<Appended>& appended) {
                             const std::lock_guard lock(mutex);
                             order.push_back(appended.ok() ? appended->seq : 0);
                             if (order.size() == kCount) all.notify_all();
                           },
                           {});
  }
  std::unique_lock lock(mutex);
  REQUIRE(all.wait_for(lock, std::chrono::seconds(30), [&] { return order.size() == kCount; }));
  for (int i = 0; i < kCount; ++i) REQUIRE(order[static_cast<std::size_t>(i)] == Seq(i) + 1);
}

TEST_CASE("progress becomes durable by itself, is kept, and settles the ledger") {
  const test::TempDir dir;
  {
    auto store = store::Store::open(dir.path(), Options{});
    REQUIRE(store.ok());
    for (int i = 0; i < 10; ++i) REQUIRE((*store)->append(message("t", "v"), {}).ok());
    CHECK(*(*store)->settled_through("t") == 0);
    (*store)->advance(1, settled(4), 4);
    REQUIRE((*store)->flush_until("t", 4, milliseconds(5'000)).ok());
    CHECK(*(*store)->settled_through("t") == 4);
    CHECK((*store)->flush_until("t", 5, milliseconds(10)).code() == Code::kTimeout);
  }
  auto store = store::Store::open(dir.path(), Options{});
  REQUIRE(store.ok());
  CHECK(*(*store)->settled_through("t") == 4);
  const auto stats = (*store)->stats();
  CHECK(stats->ledger == Ledger{10, 4, 6, 0, 0, 0});
  const auto slab = (*store)->read(1, 5, 100, 1 << 20);
  REQUIRE(slab.ok());
  REQUIRE((*slab)->entries().size() == 6);
  CHECK((*slab)->entries()[0].seq == 5);
}

TEST_CASE("an idempotency key is answered with the first number") {
  const test::TempDir dir;
  Message once = message("t", "v");
  once.idempotency_key = "order-1";
  {
    auto store = store::Store::open(dir.path(), Options{});
    REQUIRE(store.ok());
    CHECK(*(*store)->append(once, {}) == Appended{1, false});
    CHECK(*(*store)->append(once, {}) == Appended{1, true});
    const std::vector<Message> twice{once, once};
    CHECK((*store)->append_batch(twice)->at(1) == Appended{1, true});
  }
  auto store = store::Store::open(dir.path(), Options{});
  CHECK(*(*store)->append(once, {}) == Appended{1, true});
  CHECK((*store)->stats()->ledger.appended == 1);
}

TEST_CASE("dead letters: buried, requeued under a new number, dropped; the ledger balances") {
  const test::TempDir dir;
  auto store = store::Store::open(dir.path(), Options{});
  REQUIRE(store.ok());
  for (int i = 0; i < 3; ++i) REQUIRE((*store)->append(message("t", std::to_string(i)), {}).ok());
  REQUIRE((*store)->bury(1, 1, 0, "too large", settled(1)).ok());
  REQUIRE((*store)->bury(1, 2, 0, "too large", settled(2)).ok());
  CHECK((*store)->stats()->ledger == Ledger{3, 0, 1, 2, 0, 0});
  const auto requeued = (*store)->requeue("t", 1);
  REQUIRE(requeued.ok());
  CHECK(requeued->seq == 4);
  CHECK_FALSE((*store)->requeue("t", 1).ok());
  CHECK((*store)->stats()->ledger == Ledger{4, 0, 2, 1, 1, 0});
  CHECK((*store)->peek("t", 4, 1)->at(0).message.headers.back().name == "outbox-requeued-from");
  REQUIRE((*store)->drop_dead_letter("t", 2, "me").ok());
  CHECK((*store)->drop_dead_letter("t", 2, "me").code() == Code::kNotFound);
  CHECK((*store)->stats()->ledger == Ledger{4, 0, 2, 0, 1, 1});
  REQUIRE((*store)->purges()->size() == 1);
  const auto purge = (*store)->purge("t", 0, "me");
  REQUIRE(purge.ok());
  CHECK(purge->count == 2);
  CHECK((*store)->stats()->ledger == Ledger{4, 0, 0, 0, 1, 3});
}

TEST_CASE("a full outbox refuses or blocks, and room comes back with progress") {
  const test::TempDir dir;
  Options options;
  options.pending_entries_max = 2;
  options.when_full = WhenFull::kRefuse;
  auto store = store::Store::open(dir.path(), options);
  REQUIRE(store.ok());
  REQUIRE((*store)->append(message("t", "1"), {}).ok());
  REQUIRE((*store)->append(message("t", "2"), {}).ok());
  CHECK((*store)->append(message("t", "3"), {}).status().code() == Code::kFull);
  (*store)->advance(1, settled(1), 1);
  CHECK((*store)->append(message("t", "3"), {}).ok());
}

TEST_CASE("a second opener is told who holds the outbox") {
  const test::TempDir dir;
  auto store = store::Store::open(dir.path(), Options{});
  REQUIRE(store.ok());
  Options impatient;
  impatient.open_deadline_ms = milliseconds(50);
  const auto second = store::Store::open(dir.path(), impatient);
  REQUIRE_FALSE(second.ok());
  CHECK(second.status().code() == Code::kBusy);
  CHECK(second.status().message().find("pid") != std::string::npos);
}

#include <rocksdb/db.h>

#include <atomic>
#include <random>
#include <thread>

#include "store/database.h"
#include "unit/store/fixture.h"

namespace outbox::test {
namespace {

using std::chrono::milliseconds;

void append(store::Store& store, const std::string& topic, int count) {
  std::vector<Message> batch(static_cast<std::size_t>(count), message(topic, "v"));
  REQUIRE(store.append_batch(batch).ok());
}

/// All `count` threads do it at the same time; how many were told OK.
template <typename What>
int all_at_once(int count, What what) {
  std::atomic<int> ready{0};
  std::atomic<int> ok{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < count; ++t) {
    threads.emplace_back([&] {
      ++ready;
      while (ready < count) std::this_thread::yield();
      if (what()) ++ok;
    });
  }
  for (auto& thread : threads) thread.join();
  return ok;
}

class SilentDrainer final : public store::Drainer {
 public:
  void on_durable(const store::SlabPtr&) override {}
  Result<PurgeRecord> purge(const std::string& topic, Seq, const std::string&) override {
    PurgeRecord record;
    record.topic = topic;
    record.who = "the drainer";
    return record;
  }
  std::string lane_state(store::LaneId) const override { return "paused"; }
};

}  // namespace

TEST_CASE("operators: of many requeues of one dead letter one is done; the ledger balances") {
  const Disk disk;
  auto store = disk.open();
  for (Seq seq = 1; seq <= 20; ++seq) {
    append(*store, "t", 1);
    const Seq tail = store->lane(1).tail;
    REQUIRE(store->bury(1, tail, 0, "bad", settled(tail)).ok());
    CHECK(all_at_once(6, [&] { return store->requeue("t", tail).ok(); }) == 1);
    const Ledger ledger = store->stats()->ledger;
    REQUIRE(ledger.balanced());
    REQUIRE(ledger.dead == 0);
    REQUIRE(ledger.requeued == seq);
    store->advance(1, settled(tail + 1), 1);
  }
}

TEST_CASE("operators: of many purges of the same entries one counts them") {
  const Disk disk;
  auto store = disk.open();
  for (std::uint64_t round = 1; round <= 20; ++round) {
    append(*store, "t", 10);
    CHECK(all_at_once(6, [&] { return store->purge("t", 0, "me").ok(); }) == 1);
    const Ledger ledger = store->stats()->ledger;
    REQUIRE(ledger.balanced());
    REQUIRE(ledger.purged == 10 * round);
  }
  CHECK(store->purges()->size() == 20);
}

TEST_CASE("operators: requeue or drop, not both") {
  const Disk disk;
  auto store = disk.open();
  append(*store, "t", 1);
  REQUIRE(store->bury(1, 1, 0, "bad", settled(1)).ok());
  std::atomic<int> turn{0};
  all_at_once(6, [&] {
    return ++turn % 2 == 0 ? store->requeue("t", 1).ok()
                           : store->drop_dead_letter("t", 1, "x").ok();
  });
  CHECK(store->stats()->ledger.balanced());
}

TEST_CASE("operators: a requeue that waits for room does not keep out who makes it") {
  const Disk disk;
  Options options;
  options.pending_entries_max = 1;
  options.when_full = WhenFull::kBlock;
  options.full_deadline_ms = milliseconds(5'000);
  auto store = disk.open(options);
  append(*store, "t", 1);
  REQUIRE(store->bury(1, 1, 0, "bad", settled(1)).ok());
  append(*store, "t", 1);
  std::atomic<bool> asked{false};
  Status outcome;
  std::thread requeue([&] {
    asked = true;
    outcome = store->requeue("t", 1).status();
  });
  while (!asked) std::this_thread::yield();
  SilentDrainer drainer;
  // Long enough for it to be where it waits.
  constexpr int kTurns = 5'000;
  for (int turn = 0; turn < kTurns; ++turn) {
    REQUIRE(store->set_drainer(&drainer).ok());
    REQUIRE(store->set_drainer(nullptr).ok());
    std::this_thread::yield();
  }
  store->advance(1, settled(2), 1);
  requeue.join();
  CHECK(outcome.to_string() == Status().to_string());
}

TEST_CASE("operators: a requeued entry names the old one as its messages did") {
  const Disk disk;
  auto store = disk.open();
  Message original = message("t", "v");
  original.headers = {{"mine", "1"}};
  original.timestamp_ms = 77;
  REQUIRE(store->append(original, {}).ok());
  REQUIRE(store->bury(1, 1, 4, "too large", settled(1)).ok());
  const auto letter = store->dead_letter("t", 1);
  REQUIRE(letter.ok());
  CHECK(letter->partition == 4);
  CHECK(letter->reason == "too large");
  REQUIRE(store->requeue("t", 1)->seq == 2);
  const auto entry = store->peek("t", 2, 1)->at(0);
  CHECK(entry.message.key == original.key);
  CHECK(entry.message.value == original.value);
  CHECK(entry.message.timestamp_ms == 77);
  char session[17];
  std::snprintf(session, sizeof session, "%llx", static_cast<unsigned long long>(store->session()));
  REQUIRE(entry.message.headers.size() == 2);
  CHECK(entry.message.headers[0] == Header{"mine", "1"});
  CHECK(entry.message.headers[1] ==
        Header{"outbox-requeued-from", store->outbox_id() + "." + session + "/1"});
  CHECK(store->dead_letter("t", 1)->requeued_as == 2);
}

TEST_CASE("operators: a purge counts what the progress vector does not cover, and nothing else") {
  const Disk disk;
  auto store = disk.open();
  // Partitions by hand: 1 3 5 7 9 in 0, 2 4 6 8 10 in 1.
  for (int i = 0; i < 10; ++i) {
    Message placed = message("t", "v");
    placed.partition = i % 2;
    REQUIRE(store->append(placed, {}).ok());
  }
  REQUIRE(store->record_partition_count(1, {1, 2, 1'000}).ok());
  store::Progress progress;
  progress.head = 3;
  progress.through = {{0, 1}, {1, 8}};
  progress.settled_above_head = 3;  // 4 6 8
  store->advance(1, progress, 5);
  const auto record = store->purge("t", 7, "me");
  REQUIRE(record.ok());
  CHECK(record->count == 3);  // 3 5 7
  CHECK(record->from == 3);
  CHECK(record->through == 7);
  Ledger ledger = store->stats()->ledger;
  CHECK(ledger == Ledger{10, 5, 2, 0, 0, 3});
  CHECK(store->lane(1).progress.head == 8);
  CHECK(store->lane(1).progress.settled_above_head == 1);
  CHECK(store->purge("t", 7, "me").status().code() == Code::kNotFound);
  REQUIRE(store->purge("t", 0, "me")->count == 2);  // 9 10
  CHECK(store->stats()->ledger == Ledger{10, 5, 0, 0, 0, 5});
}

TEST_CASE("operators: a purge without a relay ends the entries' callbacks") {
  const Disk disk;
  Options options;
  options.delivery_callbacks_max = 3;
  options.when_full = WhenFull::kRefuse;
  auto store = disk.open(options);
  std::vector<Seq> dead;
  const auto callback = [&](const DeliveryOutcome& outcome) {
    if (!outcome.delivered() && outcome.topic == "t") dead.push_back(outcome.seq);
    CHECK(store->purge("t", 1, "me").status().code() == Code::kNotFound);  // as an operator may
  };
  for (int i = 0; i < 3; ++i) REQUIRE(store->append(message("t", "v"), callback).ok());
  CHECK(store->append(message("t", "v"), callback).status().code() == Code::kFull);
  REQUIRE(store->purge("t", 2, "me").ok());
  CHECK(dead == std::vector<Seq>{1, 2});
  CHECK(store->append(message("t", "v"), callback).ok());
}

TEST_CASE("operators: a drainer is the only one, is asked, and is let go") {
  const Disk disk;
  auto store = disk.open();
  append(*store, "t", 1);
  SilentDrainer one;
  SilentDrainer two;
  CHECK(store->stats()->lanes.at(0).state == "no relay");
  REQUIRE(store->set_drainer(&one).ok());
  CHECK(store->set_drainer(&two).code() == Code::kBusy);
  CHECK(store->stats()->lanes.at(0).state == "paused");
  CHECK(store->purge("t", 0, "me")->who == "the drainer");
  REQUIRE(store->set_drainer(nullptr).ok());
  REQUIRE(store->set_drainer(&two).ok());
  REQUIRE(store->set_drainer(nullptr).ok());
  CHECK(store->purge("t", 0, "me")->who == "me");
}

TEST_CASE("operators: lists go on from a number, and have a limit in bytes") {
  const Disk disk;
  auto store = disk.open();
  constexpr Seq kEach = 6;
  for (const char* topic : {"a", "b"}) {
    Message large = message(topic, "");
    large.value = std::string(kListBytesMax / 5, 'x');
    for (Seq seq = 1; seq <= kEach; ++seq) REQUIRE(store->append(large, {}).ok());
  }
  CHECK(store->peek("a", 1, 100)->size() == 5);
  CHECK(store->peek("a", 6, 100)->size() == 1);
  for (const char* topic : {"a", "b"}) {
    for (Seq seq = 1; seq <= kEach; ++seq) {
      REQUIRE(store->bury(lane_id(*store, topic), seq, 0, "bad", settled(seq)).ok());
    }
  }
  CHECK(store->dead_letters("", 0, 100)->size() == 5);
  CHECK(store->dead_letters("b", 0, 3)->back().entry.seq == 3);
  CHECK(store->dead_letters("b", 4, 100)->front().entry.seq == 4);
  CHECK(store->dead_letters("", 1, 1).status().code() == Code::kInvalidArgument);
}

TEST_CASE("operators: a topic whose first append failed leaves nothing behind") {
  const Disk disk;
  Options options;
  options.when_full = WhenFull::kRefuse;
  options.pending_entries_max = 1;
  {
    auto store = disk.open(options);
    REQUIRE(store->append(message("a", "v"), {}).ok());
    REQUIRE(store->append(message("b", "v"), {}).status().code() == Code::kFull);
    CHECK(store->lanes().size() == 1);
    CHECK(store->stats()->lanes.size() == 1);
    CHECK(store->record_partition_count(2, {1, 6, 1'000}).code() == Code::kNotFound);
    store->record_topic_limits(2, {1'000, 6});
    CHECK(store->settled_through("b").status().code() == Code::kNotFound);
  }
  auto store = disk.open(options);
  CHECK(store->lanes().size() == 1);
}

TEST_CASE("operators: partition counts and limits are there after a reopen, and are used") {
  const Disk disk;
  {
    auto store = disk.open();
    append(*store, "t", 3);
    REQUIRE(store->record_partition_count(1, {1, 6, 1'000}).ok());
    store->record_topic_limits(1, {2'000, 18});
    REQUIRE(store->record_partition_count(1, {3, 12, 500}).ok());
    CHECK(store->lane(1).limits.partitions == 12);
  }
  auto store = disk.open();
  CHECK(store->lane(1).partition_history ==
        std::vector<PartitionCount>{{1, 6, 1'000}, {3, 12, 500}});
  CHECK(store->lane(1).limits == store::TopicLimits{2'000, 12});
  CHECK(store->stats()->lanes.at(0).partitions == 12);
  CHECK(store->append(message("t", std::string(3'000, 'x')), {}).status().code() ==
        Code::kTooLarge);
  Message beyond = message("t", "v");
  beyond.partition = 12;
  CHECK(store->append(beyond, {}).status().code() == Code::kInvalidArgument);
}

TEST_CASE("operators: a gap at or above the head is damage with a name, never an end") {
  const Disk disk;
  {
    auto store = disk.open();
    append(*store, "t", 5);
  }
  {
    const auto heads = std::make_shared<store::DurableHeads>();
    auto database =
        store::open_database(disk.path, Options{}, disk.env.get(), logger_or_null({}), heads);
    REQUIRE(database.ok());
    REQUIRE((*database)->db->Delete({}, (*database)->data, store::entry_key(1, 3)).ok());
  }
  auto store = disk.open();
  const auto read = store->read(1, 1, 100, 1 << 20);
  CHECK(read.status().code() == Code::kCorruption);
  CHECK(read.status().message().find("entry 3") != std::string::npos);
  CHECK(store->peek("t", 1, 10).status().code() == Code::kCorruption);
  CHECK(store->peek("t", 1, 2)->size() == 2);
  CHECK((*store->read(1, 4, 100, 1 << 20))->entries().size() == 2);
}

TEST_CASE("operators: the ledger balances through whatever happens") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  const Disk disk;
  auto store = disk.open();
  Ledger model;
  Seq head = 1;
  Seq tail = 0;
  std::vector<Seq> dead;
  for (int step = 0; step < 600; ++step) {
    const std::uint64_t pending = tail + 1 - head;
    switch (random() % 8) {
      case 0:
      case 1: {
        const auto count = static_cast<int>(1 + random() % 5);
        append(*store, "t", count);
        tail += static_cast<Seq>(count);
        model.appended += static_cast<std::uint64_t>(count);
        break;
      }
      case 2:
        if (pending > 0) {
          const Seq by = 1 + random() % pending;
          head += by;
          model.delivered += by;
          store->advance(1, settled(head - 1), by);
        }
        break;
      case 3:
        if (pending > 0) {
          REQUIRE(store->bury(1, head, 0, "bad", settled(head)).ok());
          dead.push_back(head++);
          ++model.dead;
        }
        break;
      case 4:
        if (!dead.empty()) {
          REQUIRE(store->requeue("t", dead.back())->seq == ++tail);
          dead.pop_back();
          ++model.appended;
          ++model.requeued;
          --model.dead;
        }
        break;
      case 5:
        if (!dead.empty()) {
          REQUIRE(store->drop_dead_letter("t", dead.back(), "me").ok());
          dead.pop_back();
          --model.dead;
          ++model.purged;
        }
        break;
      case 6:
        if (pending > 0 && random() % 4 == 0) {
          const Seq through = head + random() % pending;
          REQUIRE(store->purge("t", through, "me")->count == through + 1 - head);
          model.purged += through + 1 - head;
          head = through + 1;
        }
        break;
      default:
        if (random() % 10 == 0) {
          store.reset();
          store = disk.open();
        }
    }
    if (tail == 0) continue;
    model.pending = tail + 1 - head;
    const auto stats = store->stats();
    REQUIRE(stats.ok());
    REQUIRE(stats->ledger == model);
    REQUIRE(stats->ledger.balanced());
    REQUIRE(store->dead_letters("t", 0, 10'000)->size() == model.dead + model.requeued);
  }
}

}  // namespace outbox::test

#include <random>
#include <set>
#include <thread>

#include "base/endian.h"
#include "store/database.h"
#include "unit/store/fixture.h"

namespace outbox::test {
namespace {

using std::chrono::milliseconds;

struct Fixture {
  Fixture() {
    options.idempotency_keys_max = 100;
    options.idempotency_window_ms = milliseconds(1'000);
  }
  std::unique_ptr<store::Store> open() { return disk.open(options, &clock); }

  const Disk disk;
  ManualClock clock;
  Options options;
};

std::string key(int number) { return "key-" + std::to_string(number); }

}  // namespace

TEST_CASE("idempotency: a key is remembered for its window, and as one of so many") {
  Fixture fixture;
  auto store = fixture.open();
  for (int i = 1; i <= 100; ++i) REQUIRE(store->append(keyed("t", key(i)), {})->seq == Seq(i));
  CHECK(*store->append(keyed("t", key(1)), {}) == Appended{1, true});
  SECTION("by age") {
    fixture.clock.now_ms += 1'000;
    CHECK(*store->append(keyed("t", key(1)), {}) == Appended{1, true});
    fixture.clock.now_ms += 1;
    CHECK(*store->append(keyed("t", key(1)), {}) == Appended{101, false});
    CHECK(*store->append(keyed("t", key(1)), {}) == Appended{101, true});
  }
  SECTION("by count") {
    for (int i = 101; i <= 150; ++i) REQUIRE_FALSE(store->append(keyed("t", key(i)), {})->repeated);
    CHECK(store->append(keyed("t", key(150)), {})->repeated);
    CHECK(store->append(keyed("t", key(60)), {})->repeated);
    CHECK_FALSE(store->append(keyed("t", key(1)), {})->repeated);
  }
}

TEST_CASE("idempotency: the window is the same after a reopen") {
  Fixture fixture;
  for (int i = 1; i <= 150;) {
    auto store = fixture.open();
    for (const int end = i + 15; i < end; ++i) {
      REQUIRE(store->append(keyed("t", key(i)), {})->seq == Seq(i));
    }
  }
  auto store = fixture.open();
  CHECK(*store->append(keyed("t", key(150)), {}) == Appended{150, true});
  CHECK(*store->append(keyed("t", key(75)), {}) == Appended{75, true});
  CHECK_FALSE(store->append(keyed("t", key(2)), {})->repeated);
}

TEST_CASE("idempotency: one key from many threads is one entry") {
  constexpr int kThreads = 8;
  constexpr int kKeys = 100;
  const Disk disk;
  auto store = disk.open();
  std::mutex mutex;
  std::set<std::pair<int, Seq>> seen;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kKeys; ++i) {
        const auto appended = store->append(keyed("t", key(i)), {});
        const std::lock_guard lock(mutex);
        seen.insert({i, appended.ok() ? appended->seq : 0});
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(seen.size() == kKeys);
  CHECK(store->stats()->ledger.appended == kKeys);
}

TEST_CASE("idempotency: the same key within a batch, and on two topics") {
  const Disk disk;
  auto store = disk.open();
  const auto batch = store->append_batch(
      std::vector{keyed("a", "k"), message("a", "x"), keyed("b", "k"), keyed("b", "other")});
  REQUIRE(batch.ok());
  CHECK(batch->at(0) == Appended{1, false});
  CHECK(batch->at(1) == Appended{2, false});
  CHECK(batch->at(2) == Appended{1, true});
  CHECK(batch->at(3) == Appended{1, false});
}

TEST_CASE("idempotency: many keys in one batch, more than the window holds") {
  Fixture fixture;
  fixture.options.idempotency_keys_max = 10;
  auto store = fixture.open();
  std::vector<Message> many;
  for (int i = 0; i < 1'000; ++i) many.push_back(keyed("t", key(i)));
  REQUIRE(store->append_batch(many).ok());
  CHECK(store->append(keyed("t", key(999)), {})->repeated);
  // Two are forgotten for each new one, until the window is what it should be.
  for (int i = 1'000; i < 2'100; ++i) REQUIRE(store->append(keyed("t", key(i)), {}).ok());
  CHECK_FALSE(store->append(keyed("t", key(500)), {})->repeated);
  CHECK(store->append(keyed("t", key(2'095)), {})->repeated);
}

TEST_CASE("idempotency: a key whose younger use is forgotten does not stop the forgetting") {
  Fixture fixture;
  { REQUIRE(fixture.open()->append(keyed("t", key(1)), {}).ok()); }
  {
    // As a dropped request leaves it: the older of two order numbers, without its key.
    const auto heads = std::make_shared<store::DurableHeads>();
    auto database = store::open_database(fixture.disk.path, fixture.options, fixture.disk.env.get(),
                                         logger_or_null({}), heads);
    REQUIRE(database.ok());
    std::string order = "o";
    append_big(order, std::uint64_t{0});
    REQUIRE((*database)->db->Put({}, (*database)->idempotency, order, "gone").ok());
  }
  auto store = fixture.open();
  CHECK(store->append(keyed("t", key(2)), {}).ok());
  CHECK(store->append(keyed("t", key(1)), {})->repeated);
}

TEST_CASE("idempotency: random use agrees with a map") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  Fixture fixture;
  fixture.options.idempotency_keys_max = 1'000'000;
  auto store = fixture.open();
  struct Use {
    Seq seq;
    std::int64_t at_ms;
  };
  std::map<std::string, Use> model;
  for (int i = 0; i < 2'000; ++i) {
    if (random() % 200 == 0) {
      store.reset();
      store = fixture.open();
    }
    fixture.clock.now_ms += static_cast<std::int64_t>(random() % 20);
    const std::string name = key(static_cast<int>(random() % 60));
    const auto appended = store->append(keyed("t", name), {});
    REQUIRE(appended.ok());
    const auto known = model.find(name);
    const bool repeated =
        known != model.end() && known->second.at_ms + 1'000 >= fixture.clock.now_ms;
    REQUIRE(appended->repeated == repeated);
    if (repeated) {
      REQUIRE(appended->seq == known->second.seq);
    } else {
      model[name] = {appended->seq, fixture.clock.now_ms};
    }
  }
}

}  // namespace outbox::test

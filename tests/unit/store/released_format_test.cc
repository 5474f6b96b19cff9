#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/endian.h"
#include "rocksdb/env.h"
#include "store/durable_tail.h"
#include "store/verify.h"
#include "unit/store/fixture.h"

// A store that an earlier build wrote, as files in the source tree: each build must read every byte
// of it. A new version of a format gets a fixture beside this one; an old one is never written
// anew.
namespace outbox::test {
namespace {

namespace fs = std::filesystem;

const fs::path kFixture = fs::path(OUTBOX_FIXTURES_DIR) / "store-v1";
constexpr std::int64_t kThenMs = 1'700'000'000'000;

/// The entry's number decides what it is made of: each optional part is there and is not.
Message made(Seq seq) {
  Message message;
  message.topic = "orders";
  if (seq % 2 == 0) message.key = seq % 4 == 0 ? "" : "key" + std::to_string(seq);
  if (seq % 3 != 0) message.value = seq % 5 == 0 ? "" : std::string(seq * 10, 'v');
  if (seq % 4 == 1) message.headers = {{"h", "x"}, {"h", std::nullopt}, {"empty", ""}};
  if (seq % 6 == 2) message.partition = 1;
  message.timestamp_ms = kThenMs + static_cast<std::int64_t>(seq);
  return message;
}

void copy_fixture(const fs::path& to) { fs::copy(kFixture, to, fs::copy_options::recursive); }

}  // namespace

// OUTBOX_WRITE_FIXTURE=DIR unit_store "[.fixture]"
TEST_CASE("released format: writes the fixture", "[.fixture]") {
  const char* to = std::getenv("OUTBOX_WRITE_FIXTURE");
  if (to == nullptr) return;
  ManualClock clock;
  clock.now_ms = kThenMs;
  {
    const auto store = open_store(to, {}, {nullptr, &clock});
    for (Seq seq = 1; seq <= 12; ++seq) REQUIRE(store->append(made(seq), {}).ok());
    REQUIRE(store->append(keyed("audit", "once"), {}).ok());
    const store::LaneId lane = lane_id(*store, "orders");
    store->advance(lane, settled(3), 3);
    REQUIRE(store->bury(lane, 4, 0, "refused by the topic", settled(4)).ok());
    REQUIRE(store->purge("orders", 5, "somebody").ok());
    REQUIRE(store->record_partition_count(lane, {6, 3}).ok());
  }
  {
    clock.now_ms = kThenMs + 1'000;
    const auto store = open_store(to, {}, {nullptr, &clock});  // what was in the WAL is now a table
    for (Seq seq = 13; seq <= 20; ++seq) REQUIRE(store->append(made(seq), {}).ok());
  }
  for (const auto& entry : fs::directory_iterator(to)) {
    const std::string name = entry.path().filename().string();
    const bool needed = name == "CURRENT" || name == "durable-tail" || name.ends_with(".sst") ||
                        name.ends_with(".log") || name.starts_with("MANIFEST");
    if (!needed) fs::remove_all(entry.path());
  }
}

TEST_CASE("released format: version 1 is read, every byte of it") {
  const TempDir temp;
  const fs::path dir = temp.path() / "box";
  copy_fixture(dir);
  const auto report = store::verify(dir, Options{}, *rocksdb::Env::Default());
  REQUIRE(report.ok());
  CHECK(report->whole());

  const auto store = open_store(dir);
  const auto entries = store->peek("orders", 1, 100);
  REQUIRE(entries.ok());
  REQUIRE(entries->size() == 15);
  for (std::size_t i = 0; i < entries->size(); ++i) {
    const StoredEntry& entry = (*entries)[i];
    const Message expected = made(6 + i);
    CHECK(entry.seq == 6 + i);
    CHECK(entry.message.key == expected.key);
    CHECK(entry.message.value == expected.value);
    CHECK(entry.message.headers == expected.headers);
    CHECK(entry.message.partition == expected.partition);
    CHECK(entry.message.timestamp_ms == expected.timestamp_ms);
  }
  const auto dead = store->dead_letter("orders", 4);
  REQUIRE(dead.ok());
  CHECK(dead->reason == "refused by the topic");
  CHECK(dead->entry.message.key == made(4).key);
  const auto purges = store->purges();
  REQUIRE(purges.ok());
  REQUIRE(purges->size() == 1);
  CHECK(purges->front().who == "somebody");
  const auto stats = store->stats();
  REQUIRE(stats.ok());
  CHECK(stats->ledger.appended == 21);
  CHECK(stats->ledger.balanced());
  const auto lane = store->lane(lane_id(*store, "orders"));
  REQUIRE(lane.partition_history.size() == 1);
  CHECK(lane.partition_history[0].count == 3);
}

TEST_CASE("released format: an idempotency key of version 1 is known") {
  const TempDir temp;
  const fs::path dir = temp.path() / "box";
  copy_fixture(dir);
  ManualClock clock;
  clock.now_ms = kThenMs + 2'000;
  const auto store = open_store(dir, {}, {nullptr, &clock});
  const auto again = store->append(keyed("audit", "once"), {});
  REQUIRE(again.ok());
  CHECK(again->repeated);
  CHECK(again->seq == 1);
}

TEST_CASE("released format: a durable tail of another version is refused by name") {
  const TempDir temp;
  const fs::path dir = temp.path() / "box";
  copy_fixture(dir);
  const fs::path path = dir / store::DurableTail::kFileName;
  SECTION("a later one") {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(8);
    char version[4];
    put_big<std::uint32_t>(version, 99);
    file.write(version, sizeof version);
  }
  SECTION("half a header") { fs::resize_file(path, 16); }
  SECTION("nothing") { fs::resize_file(path, 0); }
  const auto store = store::Store::open(dir, {});
  REQUIRE_FALSE(store.ok());
  CHECK(store.status().message().find("durable-tail") != std::string::npos);
  // Whatever is refused was not touched.
  CHECK(fs::exists(dir / "CURRENT"));
}

}  // namespace outbox::test

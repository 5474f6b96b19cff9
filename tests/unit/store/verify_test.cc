#include "store/verify.h"

#include <rocksdb/env.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "base/endian.h"
#include "store/database.h"
#include "store/durable_tail.h"
#include "store/meta.h"
#include "unit/store/fixture.h"

// Each kind of damage that no checksum of RocksDB's sees, made by hand, one at a time.
namespace outbox::test {
namespace {

namespace fs = std::filesystem;
using store::Database;

constexpr Seq kEntries = 20;
constexpr Seq kDead = 3;

/// "orders" with a delivered and a dead entry, a purged one and some that wait.
struct Box {
  Box() {
    const auto store = open_store(dir);
    for (Seq seq = 1; seq <= kEntries; ++seq) {
      REQUIRE(store->append(message("orders", std::to_string(seq)), {}).ok());
    }
    lane = lane_id(*store, "orders");
    store->advance(lane, settled(kDead - 1), kDead - 1);
    REQUIRE(store->bury(lane, kDead, 0, "for the test", settled(kDead)).ok());
    REQUIRE(store->purge("orders", kDead + 1, "the test").ok());
  }

  /// Changes what is stored behind the store's back.
  void tamper(const std::function<void(Database&)>& change) const {
    const auto database =
        store::open_database(dir, Options{}, rocksdb::Env::Default(), null_logger(),
                             std::make_shared<store::DurableHeads>());
    REQUIRE(database.ok());
    change(**database);
  }

  store::VerifyReport report() const {
    const auto found = store::verify(dir, Options{}, *rocksdb::Env::Default());
    INFO(found.status().to_string());
    REQUIRE(found.ok());
    return *found;
  }

  /// All that is wrong, a line each.
  std::string damage() const {
    std::string text;
    for (const store::Damage& one : report().damage) text += one.where + ": " + one.what + "\n";
    return text;
  }

  const TempDir temp;
  const fs::path dir = temp.path() / "outbox";
  store::LaneId lane = 0;
};

void put(Database& database, rocksdb::ColumnFamilyHandle* family, const std::string& key,
         const std::string& value) {
  REQUIRE(database.db->Put({}, family, key, value).ok());
}

void remove(Database& database, rocksdb::ColumnFamilyHandle* family, const std::string& key) {
  REQUIRE(database.db->Delete({}, family, key).ok());
}

std::string get(Database& database, rocksdb::ColumnFamilyHandle* family, const std::string& key) {
  std::string value;
  REQUIRE(database.db->Get({}, family, key, &value).ok());
  return value;
}

std::string contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos ? part : text;
}

}  // namespace

TEST_CASE("verify: a whole outbox, counted") {
  const Box box;
  const auto report = box.report();
  CHECK(report.whole());
  REQUIRE(report.lanes.size() == 1);
  CHECK(report.lanes[0].head == kDead + 2);
  CHECK(report.lanes[0].pending == kEntries - kDead - 1);
  CHECK(report.lanes[0].dead == 1);
}

TEST_CASE("verify: an entry that is missing, and one whose record is damaged") {
  const Box box;
  box.tamper([&](Database& database) {
    remove(database, database.data, store::entry_key(box.lane, 9));
    const std::string key = store::entry_key(box.lane, 12);
    std::string record = get(database, database.data, key);
    record[record.size() / 2] ^= 1;
    put(database, database.data, key, record);
  });
  const std::string damage = box.damage();
  CHECK(contains(damage, "entries 9..9 are missing") == "entries 9..9 are missing");
  CHECK(contains(damage, "entries 12..12 are damaged") == "entries 12..12 are damaged");
}

TEST_CASE("verify: a ledger that does not balance") {
  const Box box;
  box.tamper([&](Database& database) {
    const std::string key = store::meta::key(store::meta::kLanePrefix, box.lane);
    auto record = store::decode_lane_record(get(database, database.meta, key));
    REQUIRE(record.ok());
    ++record->delivered;
    put(database, database.meta, key, store::encode(*record));
  });
  const std::string says = "the ledger does not balance";
  CHECK(contains(box.damage(), says) == says);
}

TEST_CASE("verify: a dead letter that is damaged, and one that is gone") {
  const Box box;
  const std::string key = store::entry_key(box.lane, kDead);
  SECTION("damaged") {
    box.tamper([&](Database& database) {
      std::string value = get(database, database.dead, key);
      value[value.size() / 2] ^= 1;
      put(database, database.dead, key, value);
    });
    CHECK(contains(box.damage(), "dead letter 3 is damaged") == "dead letter 3 is damaged");
  }
  SECTION("gone") {
    box.tamper([&](Database& database) { remove(database, database.dead, key); });
    const std::string says = "1 dead letters were recorded, 0 are there";
    CHECK(contains(box.damage(), says) == says);
  }
}

TEST_CASE("verify: a purge record that is gone") {
  const Box box;
  box.tamper([&](Database& database) {
    remove(database, database.meta, store::meta::key(store::meta::kPurgePrefix, 1));
  });
  const std::string says = "were recorded, 0 are there";
  CHECK(contains(box.damage(), says) == says);
}

TEST_CASE("verify: a MANIFEST that has lost all it knew") {
  const Box box;
  for (const auto& entry : fs::directory_iterator(box.dir)) {
    if (entry.path().filename().string().starts_with("MANIFEST")) fs::resize_file(entry.path(), 0);
  }
  CHECK_FALSE(store::Store::open(box.dir, {}).ok());
  CHECK_FALSE(box.report().whole());
}

TEST_CASE("verify: the version of another store") {
  const Box box;
  box.tamper([](Database& database) {
    std::string version;
    append_big<std::uint64_t>(version, store::kStoreVersion + 1);
    put(database, database.meta, std::string(store::meta::kVersion), version);
  });
  const auto found = store::verify(box.dir, Options{}, *rocksdb::Env::Default());
  CHECK(found.status().code() == Code::kUnknownVersion);
}

TEST_CASE("verify: a damaged durable tail, and one that knows of more") {
  const Box box;
  const fs::path path = box.dir / store::DurableTail::kFileName;
  SECTION("damaged") {
    std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).write("\x7f", 1);
    CHECK(contains(box.damage(), "durable-tail") == "durable-tail");
  }
  SECTION("more") {
    auto& env = *rocksdb::Env::Default();
    REQUIRE(store::DurableTail::start(env, box.dir, {{box.lane, kEntries + 5}}).ok());
    const std::string says = "entries 21..25 were durable and are missing";
    CHECK(contains(box.damage(), says) == says);
  }
}

}  // namespace outbox::test

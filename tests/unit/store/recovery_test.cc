#include "store/recovery.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <string>

#include "base/endian.h"
#include "store/meta.h"
#include "store/rocks_options.h"
#include "store/wal_check.h"
#include "support/drop_fs.h"
#include "support/temp_dir.h"

namespace outbox::store {
namespace {

namespace fs = std::filesystem;
using test::DropFs;
using test::TempDir;

constexpr LaneId kOrders = 1;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// A database as the store leaves it, by hand: lane 1 is "orders", with ten
/// entries, each a record of its own in the WAL.
struct Fixture {
  Fixture() {
    fs::create_directory(dir);
    fs_ = DropFs::create(dir);
    env = rocksdb::NewCompositeEnv(fs_);
  }

  void make(Seq entries, Seq head, Seq durable, bool flush = false, Seq recorded_tail = 0) {
    REQUIRE(DurableTail::start(*env, dir, {}).ok());
    rocksdb::DBOptions options;
    options.env = env.get();
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    options.avoid_flush_during_shutdown = true;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* raw = nullptr;
    REQUIRE(rocksdb::DB::Open(
                options, dir.string(),
                {{"default", {}}, {kMetaFamily, {}}, {kDeadFamily, {}}, {kIdempotencyFamily, {}}},
                &handles, &raw)
                .ok());
    const std::unique_ptr<rocksdb::DB> db(raw);
    LaneRecord record;
    record.progress.head = head;
    record.tail = recorded_tail;
    put(*db, handles[1], meta::key(meta::kTopicPrefix, kOrders), "orders");
    put(*db, handles[1], meta::key(meta::kLanePrefix, kOrders), encode(record));
    for (Seq seq = head; seq <= entries; ++seq) {
      put(*db, handles[0], entry_key(kOrders, seq), std::string(100, 'v'));
    }
    if (flush) REQUIRE(db->Flush({}, handles).ok());
    for (auto* handle : handles) REQUIRE(db->DestroyColumnFamilyHandle(handle).ok());
    REQUIRE(DurableTail::start(*env, dir, {{kOrders, durable}}).ok());
    for (const auto& entry : fs::directory_iterator(dir)) {
      if (entry.path().extension() == ".log" && entry.file_size() > 0) wal = entry.path();
    }
    bytes = read_file(wal);
  }

  template <typename Change>
  void reopen(Change change) const {
    rocksdb::DBOptions options;
    options.env = env.get();
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* raw = nullptr;
    REQUIRE(rocksdb::DB::Open(
                options, dir.string(),
                {{"default", {}}, {kMetaFamily, {}}, {kDeadFamily, {}}, {kIdempotencyFamily, {}}},
                &handles, &raw)
                .ok());
    const std::unique_ptr<rocksdb::DB> db(raw);
    change(*db, handles);
    for (auto* handle : handles) REQUIRE(db->DestroyColumnFamilyHandle(handle).ok());
  }

  void erase(Seq from, Seq through) const {
    reopen([&](rocksdb::DB& db, const auto& handles) {
      REQUIRE(
          db.DeleteRange({}, handles[0], entry_key(kOrders, from), entry_key(kOrders, through + 1))
              .ok());
    });
  }

  static void put(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, const std::string& key,
                  const std::string& value) {
    rocksdb::WriteOptions write;
    write.sync = true;
    REQUIRE(db.Put(write, family, key, value).ok());
  }

  Result<Recovered> run() { return recover(dir, *env, null_logger()); }

  std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(dir)) {
      if (entry.is_regular_file()) files[entry.path().string()] = read_file(entry.path());
    }
    return files;
  }

  void refused(const std::string& naming) {
    const auto before = contents();
    const auto recovered = run();
    REQUIRE(recovered.status().code() == Code::kCorruption);
    CAPTURE(recovered.status().message());
    CHECK(recovered.status().message().find(naming) != std::string::npos);
    CHECK(recovered.status().message().find("outbox-relay verify") != std::string::npos);
    CHECK((contents() == before));
  }

  TempDir temp;
  fs::path dir = temp.path() / "box";
  std::shared_ptr<DropFs> fs_;
  std::unique_ptr<rocksdb::Env> env;
  fs::path wal;
  std::string bytes;
};

}  // namespace

TEST_CASE_METHOD(Fixture,
                 "recovery: an empty directory is fresh, also with an empty durable-tail") {
  REQUIRE(run().ok());
  CHECK(run()->fresh);
  REQUIRE(DurableTail::start(*env, dir, {}).ok());
  REQUIRE(run().ok());
  CHECK(run()->fresh);
}

TEST_CASE_METHOD(Fixture, "recovery: everything is there") {
  make(10, 1, 10);
  const auto before = contents();
  const auto recovered = run();
  REQUIRE(recovered.ok());
  CHECK_FALSE(recovered->fresh);
  CHECK(recovered->warning.empty());
  CHECK(recovered->durable == DurableTail::Lanes{{kOrders, 10}});
  CHECK((contents() == before));
}

TEST_CASE_METHOD(Fixture, "recovery: what is below the head need not be there") {
  make(0, 11, 10);
  CHECK(run().ok());
}

TEST_CASE_METHOD(Fixture, "recovery: what is missing is named, nothing is changed") {
  SECTION("the last five") {
    make(10, 1, 15);
    refused("topic orders: entries 11..15 were durable and are missing");
  }
  SECTION("all above the head") {
    make(0, 5, 9);
    refused("topic orders: entries 5..9 were durable and are missing");
  }
  SECTION("the WAL was cut at half") {
    make(10, 1, 10);
    write_file(wal, bytes.substr(0, bytes.size() / 2));
    refused("..10 were durable and are missing");
  }
  SECTION("the WAL was deleted") {
    make(10, 1, 10);
    fs::remove(wal);
    refused("1..10 were durable and are missing");
  }
  SECTION("an older WAL is gone, what came after it is there") {
    make(10, 5, 10);
    erase(5, 7);
    refused("topic orders: entries 5..7 were durable and are missing");
  }
  SECTION("only the stored progress knows that they were there") {
    make(10, 1, 10, false, 12);
    refused("topic orders: entries 11..12 were durable and are missing");
  }
  SECTION("a durable record that looks like a torn tail is not cut") {
    make(10, 1, 10);
    write_file(wal, bytes.substr(0, bytes.size() - 30));
    refused("topic orders: entries 10..10 were durable and are missing");
  }
}

TEST_CASE_METHOD(Fixture, "recovery: a store of another version is refused before it is read") {
  make(10, 1, 10);
  std::string version;
  append_big(version, std::uint64_t{kStoreVersion + 1});
  reopen([&](rocksdb::DB& db, const auto& handles) {
    put(db, handles[1], std::string(meta::kVersion), version);
    put(db, handles[1], meta::key(meta::kLanePrefix, kOrders), "of another format");
  });
  CHECK(run().status().code() == Code::kUnknownVersion);
}

TEST_CASE_METHOD(Fixture, "recovery: a torn tail that was never durable is cut, with a warning") {
  make(10, 1, 9);
  SECTION("bytes are missing") { write_file(wal, bytes.substr(0, bytes.size() - 30)); }
  SECTION("bytes are zeros, which RocksDB refuses") {
    std::string zeroed = bytes;
    write_file(wal, zeroed.replace(bytes.size() - 60, 60, 60, '\0'));
  }
  const auto recovered = run();
  CAPTURE(recovered.status().to_string());
  REQUIRE(recovered.ok());
  CHECK(recovered->warning.find(wal.filename().string()) != std::string::npos);
  CHECK(recovered->warning.find("bytes") != std::string::npos);
  CHECK(fs::file_size(wal) < bytes.size() - 100);
  CHECK(fs::exists(dir / "quarantine"));
  const auto again = run();
  REQUIRE(again.ok());
  CHECK(again->warning.empty());
}

TEST_CASE_METHOD(Fixture, "recovery: half of a store is refused") {
  make(10, 1, 10);
  SECTION("no durable-tail") {
    fs::remove(dir / DurableTail::kFileName);
    refused("no durable-tail");
  }
  SECTION("no CURRENT") {
    fs::remove(dir / "CURRENT");
    refused("CURRENT is gone");
  }
  SECTION("tables only") {
    fs::remove(dir / DurableTail::kFileName);
    fs::remove(dir / "CURRENT");
    write_file(dir / "000042.sst", "table");
    refused("000042.sst");
  }
}

TEST_CASE_METHOD(Fixture, "recovery: a failed read is never an empty store") {
  make(10, 1, 10, GENERATE(false, true));
  const std::uint64_t before = fs_->count(test::kFsRead);
  REQUIRE(run().ok());
  const std::uint64_t reads = fs_->count(test::kFsRead) - before;
  REQUIRE(reads > 5);
  for (std::uint64_t nth = 1; nth <= reads; ++nth) {
    test::FsFault fault;
    fault.ops = test::kFsRead;
    fault.nth = nth;
    fs_->fail(fault);
    const auto recovered = run();
    CAPTURE(nth, reads, recovered.status().to_string());
    if (recovered.ok()) {
      CHECK(recovered->durable == DurableTail::Lanes{{kOrders, 10}});
    } else {
      CHECK(recovered.status().code() == Code::kIoError);
    }
    fs_->heal();
  }
}

TEST_CASE_METHOD(Fixture, "recovery: the power may go at every step of a cut") {
  make(10, 1, 9);
  const std::string torn = bytes.substr(0, bytes.size() - 30);
  bool cut = false;
  for (std::uint64_t nth = 1; !cut; ++nth) {
    REQUIRE(nth < 50);
    for (const auto& [path, file] : contents()) {
      if (path.find("quarantine") != std::string::npos) REQUIRE(env->DeleteFile(path).ok());
    }
    write_file(wal, torn);
    fs_->cut_power();
    fs_->restore_power(nth, test::Keep::kAll);  // what is there now is what was durable
    fs_->cut_power_at(nth, nth);
    cut = run().ok();
    if (cut) fs_->cut_power();
    fs_->restore_power(nth, test::Keep::kSynced);
    bool copied = false;
    if (fs::exists(dir / "quarantine")) {
      for (const auto& entry : fs::directory_iterator(dir / "quarantine")) {
        copied |= read_file(entry.path()) == torn;
      }
    }
    CAPTURE(nth);
    CHECK((copied || read_file(wal) == torn));
    const auto recovered = run();
    CAPTURE(recovered.status().to_string());
    REQUIRE(recovered.ok());
  }
}

TEST_CASE("recovery: the comparison names every topic, and lanes that are gone") {
  const std::vector<LaneEnd> ends = {{1, "orders", 500, 0}, {2, "audit", 7, 7}, {3, "more", 9, 0}};
  CHECK(compare_with_durable_tail({{1, 500}, {2, 6}}, ends).ok());
  const Status status = compare_with_durable_tail({{1, 1'000}, {2, 7}, {3, 10}, {4, 3}}, ends);
  REQUIRE(status.code() == Code::kCorruption);
  const std::string& text = status.message();
  CHECK(text.find("topic orders: entries 501..1000 were durable and are missing") !=
        std::string::npos);
  CHECK(text.find("topic more: entries 10..10 were") != std::string::npos);
  CHECK(text.find("lane 4: entries 1..3 were") != std::string::npos);
  CHECK(text.find("audit") == std::string::npos);
}

TEST_CASE_METHOD(Fixture, "recovery: a counted dead letter or purge that is not there is refused") {
  make(20, 1, 20);
  LaneRecord record;
  record.progress.head = 1;
  record.tail = 20;
  std::string naming;
  SECTION("dead letter") {
    record.dead = 2;
    naming = "topic orders: 2 dead letters were recorded, 0 are there";
  }
  SECTION("purge") {
    record.purged = 3;
    naming = "topic orders: 3 purged entries were recorded, 0 are there";
  }
  reopen([&](rocksdb::DB& db, const auto& handles) {
    put(db, handles[1], meta::key(meta::kLanePrefix, kOrders), encode(record));
  });
  const auto recovered = run();
  CAPTURE(recovered.status().to_string());
  REQUIRE(recovered.status().code() == Code::kCorruption);
  CHECK(recovered.status().message().find(naming) != std::string::npos);
  CHECK(recovered.status().message().find("outbox-relay verify") != std::string::npos);
}

TEST_CASE("recovery: between the WALs that will be replayed no write is missing") {
  const fs::path dir = "box";
  const std::vector<WalSpan> spans = {
      {4, "000004.log", 1, 10}, {9, "000009.log", 15, 20}, {12, "000012.log", 20, 21}};
  const Status gap = check_wal_chain(dir, spans, 4);
  CAPTURE(gap.to_string());
  CHECK(gap.code() == Code::kCorruption);
  CHECK(gap.message().find("000004.log and 000009.log the writes 10..14") != std::string::npos);
  // The first of them is left over: RocksDB does not read it any more.
  CHECK(check_wal_chain(dir, spans, 5).ok());
  CHECK(check_wal_chain(dir, {}, 0).ok());
}

}  // namespace outbox::store

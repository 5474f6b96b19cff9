#include "store/head_filter.h"

#include <rocksdb/db.h>

#include <catch2/catch.hpp>
#include <random>

#include "store/rocks_options.h"
#include "support/temp_dir.h"

namespace outbox::store {
namespace {

using rocksdb::CompactionFilter;

CompactionFilter::Decision ask(const std::shared_ptr<DurableHeads>& heads, const std::string& key,
                               std::string* skip_until) {
  HeadFilterFactory factory(heads);
  const auto filter = factory.CreateCompactionFilter({});
  std::string value;
  return filter->FilterV2(0, key, CompactionFilter::ValueType::kValue, "v", &value, skip_until);
}

/// Entries in the data family, as it is set up for the store.
struct Entries {
  Entries() {
    rocksdb::Options options(db_options(Options{}, rocksdb::Env::Default(), logger_or_null({})),
                             data_family_options(Options{}, heads));
    rocksdb::DB* raw = nullptr;
    REQUIRE(rocksdb::DB::Open(options, dir.path().string(), &raw).ok());
    db.reset(raw);
  }
  void put(LaneId lane, Seq from, Seq through) {
    for (Seq seq = from; seq <= through; ++seq) {
      REQUIRE(db->Put({}, entry_key(lane, seq), std::string(100, 'v')).ok());
    }
  }
  std::vector<std::string> keys() const {
    std::vector<std::string> found;
    const std::unique_ptr<rocksdb::Iterator> scan(db->NewIterator({}));
    for (scan->SeekToFirst(); scan->Valid(); scan->Next()) found.push_back(scan->key().ToString());
    REQUIRE(scan->status().ok());
    return found;
  }

  const test::TempDir dir;
  const std::shared_ptr<DurableHeads> heads = std::make_shared<DurableHeads>();
  std::unique_ptr<rocksdb::DB> db;
};

std::vector<std::string> range(LaneId lane, Seq from, Seq through) {
  std::vector<std::string> out;
  for (Seq seq = from; seq <= through; ++seq) out.push_back(entry_key(lane, seq));
  return out;
}

}  // namespace

TEST_CASE("head filter: drops below the head, and skips up to it") {
  const auto heads = std::make_shared<DurableHeads>();
  heads->set(3, 100);
  std::string skip;
  CHECK(ask(heads, entry_key(3, 99), &skip) == CompactionFilter::Decision::kRemoveAndSkipUntil);
  CHECK(skip == entry_key(3, 100));
  CHECK(ask(heads, entry_key(3, 100), &skip) == CompactionFilter::Decision::kKeep);
  CHECK(ask(heads, entry_key(3, 101), &skip) == CompactionFilter::Decision::kKeep);
}

TEST_CASE("head filter: keeps lanes without a head, and keys that are no entries") {
  const auto heads = std::make_shared<DurableHeads>();
  heads->set(3, 100);
  std::string skip;
  CHECK(ask(heads, entry_key(2, 1), &skip) == CompactionFilter::Decision::kKeep);
  CHECK(ask(heads, entry_key(4, 1), &skip) == CompactionFilter::Decision::kKeep);
  CHECK(ask(heads, entry_key(0xffffffff, 1), &skip) == CompactionFilter::Decision::kKeep);
  CHECK(ask(heads, "", &skip) == CompactionFilter::Decision::kKeep);
  CHECK(ask(heads, std::string(13, '\0'), &skip) == CompactionFilter::Decision::kKeep);
}

TEST_CASE("head filter: a head never goes back") {
  DurableHeads heads;
  heads.set(1, 10);
  heads.set(1, 5);
  CHECK(heads.snapshot().at(1) == 10);
}

TEST_CASE("head filter: works at flush and compaction, not while the WAL is replayed") {
  HeadFilterFactory factory(std::make_shared<DurableHeads>());
  using Reason = rocksdb::TableFileCreationReason;
  CHECK(factory.ShouldFilterTableFileCreation(Reason::kFlush));
  CHECK(factory.ShouldFilterTableFileCreation(Reason::kCompaction));
  CHECK_FALSE(factory.ShouldFilterTableFileCreation(Reason::kRecovery));
}

TEST_CASE("head filter: RocksDB drops exactly what is below the heads, at flush and compaction") {
  Entries entries;
  entries.put(1, 1, 50);
  entries.put(2, 1, 50);
  entries.heads->set(1, 20);
  REQUIRE(entries.db->Flush({}).ok());
  auto expected = range(1, 20, 50);
  const auto second = range(2, 1, 50);
  expected.insert(expected.end(), second.begin(), second.end());
  CHECK(entries.keys() == expected);
  entries.heads->set(2, 51);
  rocksdb::CompactRangeOptions force;
  force.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  REQUIRE(entries.db->CompactRange(force, nullptr, nullptr).ok());
  CHECK(entries.keys() == range(1, 20, 50));
}

}  // namespace outbox::store

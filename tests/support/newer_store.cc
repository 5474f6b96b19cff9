#include "support/newer_store.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/endian.h"
#include "base/log.h"
#include "store/database.h"
#include "store/durable_tail_format.h"
#include "store/format.h"
#include "store/meta.h"

namespace outbox::test {
namespace {

constexpr char kVersion = 2;

void check(bool ok) {
  if (!ok) throw std::runtime_error("cannot make a newer store");
}

std::string newer_record(std::string_view record, std::string_view key) {
  std::string body(record.substr(0, record.size() - store::kRecordCrcBytes));
  body.front() = kVersion;
  store::seal(body, store::lane_of_key(key), store::seq_of_key(key));
  return body;
}

/// An upgrade midway: the lane's first record is an old one.
std::string newer_but_first(std::string_view record, std::string_view key) {
  return store::seq_of_key(key) == 1 ? std::string(record) : newer_record(record, key);
}

/// Writes each value of a family anew.
template <typename Change>
void rewrite(store::Database& database, rocksdb::ColumnFamilyHandle* family, Change change) {
  const std::unique_ptr<rocksdb::Iterator> it(database.db->NewIterator({}, family));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const std::string value = change(it->key().ToStringView(), it->value().ToStringView());
    check(database.db->Put({}, family, it->key(), value).ok());
  }
}

void make_newer_tail(const std::filesystem::path& dir) {
  const auto lanes = store::DurableTail::load(*rocksdb::Env::Default(), dir);
  check(lanes.ok());
  std::ofstream file(dir / store::DurableTail::kFileName, std::ios::binary);
  file << store::tail_format::compact(*lanes, 1, kVersion);
  check(static_cast<bool>(file.flush()));
}

}  // namespace

void make_newer(const std::filesystem::path& dir, Newer place) {
  if (place == Newer::kDurableTail) return make_newer_tail(dir);
  auto database = store::open_database(dir, Options{}, rocksdb::Env::Default(), null_logger(),
                                       std::make_shared<store::DurableHeads>());
  check(database.ok());
  if (place == Newer::kStore) {
    std::string version;
    append_big<std::uint64_t>(version, kVersion);
    const std::string key(store::meta::kVersion);
    check((*database)->db->Put({}, (*database)->meta, key, version).ok());
  } else if (place == Newer::kRecords) {
    rewrite(**database, (*database)->data, [](std::string_view key, std::string_view value) {
      return newer_but_first(value, key);
    });
  } else {
    rewrite(**database, (*database)->dead, [](std::string_view key, std::string_view value) {
      auto dead = store::decode_dead(value);
      check(dead.ok());
      dead->record = newer_record(dead->record, key);
      return store::encode(*dead);
    });
  }
}

}  // namespace outbox::test

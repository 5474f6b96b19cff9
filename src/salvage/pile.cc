#include "salvage/pile.h"

#include <rocksdb/db.h>

#include <tuple>

#include "store/rocks_status.h"
#include "store/store_version.h"

namespace outbox::salvage {
namespace {

constexpr std::size_t kWriteBufferBytes = std::size_t{64} << 20;

char letter_of(Family family) { return family == Family::kData ? 'e' : 'x'; }

std::string pile_key(Family family, std::string_view key) {
  return letter_of(family) + std::string(key);
}

/// Later or equal in every way: a lane's numbers only grow.
auto age(const store::LaneRecord& record) {
  return std::tuple(record.progress.settled_entries(), record.tail, record.appended,
                    record.requeued + record.purged);
}

bool starts_with(std::string_view key, std::string_view prefix) {
  return key.starts_with(prefix) && key.size() == prefix.size() + sizeof(std::uint64_t);
}

store::LaneId lane_number(std::string_view key, std::string_view prefix) {
  return static_cast<store::LaneId>(store::meta::number_of(key, prefix));
}

}  // namespace

Result<std::unique_ptr<Pile>> Pile::open(const std::filesystem::path& dir) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.error_if_exists = true;
  options.write_buffer_size = kWriteBufferBytes;
  options.keep_log_file_num = 1;
  rocksdb::DB* db = nullptr;
  const auto opened = rocksdb::DB::Open(options, dir.string(), &db);
  if (!opened.ok()) return store::from_rocks(opened, "creating " + dir.string());
  return std::unique_ptr<Pile>(new Pile(dir, std::unique_ptr<rocksdb::DB>(db)));
}

Pile::Pile(std::filesystem::path dir, std::unique_ptr<rocksdb::DB> db)
    : dir_(std::move(dir)), db_(std::move(db)) {}

Pile::~Pile() {
  db_.reset();
  std::error_code left_behind;
  std::filesystem::remove_all(dir_, left_behind);
}

Status Pile::put(Family family, std::string_view key, std::string_view value) {
  rocksdb::WriteOptions write;
  write.disableWAL = true;  // after a crash everything is read again
  return store::from_rocks(
      db_->Put(write, pile_key(family, key), rocksdb::Slice(value.data(), value.size())),
      "writing " + dir_.string());
}

Status Pile::reject(const Status& why) {
  if (why.code() == Code::kUnknownVersion) return why;
  ++rejected_;
  return {};
}

Status Pile::add(Family family, std::string_view key, std::string_view value) {
  if (family == Family::kMeta) return add_meta(key, value);
  if (key.size() != store::kKeyBytes) {
    ++rejected_;
    return {};
  }
  if (family == Family::kDead) return add_dead(key, value);
  const store::LaneId lane = store::lane_of_key(key);
  const Status read = store::decode(value, lane, store::seq_of_key(key)).status();
  if (!read.ok()) return reject(read);
  lanes_[lane];
  return put(family, key, value);
}

Status Pile::add_dead(std::string_view key, std::string_view value) {
  const store::LaneId lane = store::lane_of_key(key);
  const auto dead = store::decode_dead(value);
  if (!dead.ok()) return reject(dead.status());
  const Status read = store::decode(dead->record, lane, store::seq_of_key(key)).status();
  if (!read.ok()) return reject(read);
  lanes_[lane];
  std::string before;
  const auto got = db_->Get(rocksdb::ReadOptions(), pile_key(Family::kDead, key), &before);
  if (!got.ok() && !got.IsNotFound()) return store::from_rocks(got, "reading " + dir_.string());
  if (got.ok() && dead->requeued_as == 0) return {};
  return put(Family::kDead, key, value);
}

Status Pile::add_meta(std::string_view key, std::string_view value) {
  if (key == store::meta::kVersion) return store::check_store_version(value);
  if (key == store::meta::kOutboxId) {
    outbox_id_ = value;
  } else if (starts_with(key, store::meta::kTopicPrefix)) {
    lanes_[lane_number(key, store::meta::kTopicPrefix)].topic = value;
  } else if (starts_with(key, store::meta::kLanePrefix)) {
    add_lane_record(lane_number(key, store::meta::kLanePrefix), value);
  } else if (starts_with(key, store::meta::kPurgePrefix)) {
    add_purge(value);
  }
  return {};
}

void Pile::add_lane_record(store::LaneId lane, std::string_view value) {
  auto record = store::decode_lane_record(value);
  if (!record.ok()) {
    ++rejected_;
    return;
  }
  store::LaneRecord& known = lanes_[lane].record;
  if (age(*record) >= age(known)) known = std::move(*record);
}

void Pile::add_purge(std::string_view value) {
  const auto purge = store::decode_purge(value);
  if (!purge.ok()) {
    ++rejected_;
  } else if (purge->from == purge->through) {
    dropped_.emplace(purge->topic, purge->from);
  }
}

Pile::Cursor::Cursor(const Pile& pile, Family family, store::LaneId lane, Seq from)
    : prefix_(pile_key(family, store::entry_key(lane, 0).substr(0, sizeof(store::LaneId)))),
      scan_(pile.db_->NewIterator(rocksdb::ReadOptions())) {
  scan_->Seek(pile_key(family, store::entry_key(lane, from)));
}

Pile::Cursor::~Cursor() = default;

std::optional<Seq> Pile::Cursor::seq() const {
  if (!scan_->Valid() || !scan_->key().starts_with(prefix_)) return std::nullopt;
  return store::seq_of_key(scan_->key().ToStringView().substr(1));
}

std::string_view Pile::Cursor::value() const { return scan_->value().ToStringView(); }

void Pile::Cursor::next() { scan_->Next(); }

Status Pile::Cursor::status() const {
  return store::from_rocks(scan_->status(), "reading the pile");
}

}  // namespace outbox::salvage

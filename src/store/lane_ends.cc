#include "store/lane_ends.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <string>

#include "base/mutant.h"
#include "store/meta.h"
#include "store/rocks_log.h"
#include "store/rocks_options.h"
#include "store/rocks_status.h"
#include "store/store_version.h"

namespace outbox::store {

namespace {

/// A read-only database with the families that know about lanes.
struct View {
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::ColumnFamilyHandle* entries = nullptr;
  rocksdb::ColumnFamilyHandle* meta = nullptr;
  rocksdb::ColumnFamilyHandle* dead = nullptr;

  View() = default;
  ~View() {
    if (db == nullptr) return;
    db->DestroyColumnFamilyHandle(entries);
    db->DestroyColumnFamilyHandle(meta);
    db->DestroyColumnFamilyHandle(dead);
  }
  View(const View&) = delete;
  View& operator=(const View&) = delete;
};

rocksdb::DBOptions view_options(rocksdb::Env& env, const Log& log) {
  rocksdb::DBOptions options;
  options.env = &env;
  options.info_log = make_rocks_log(log);
  options.paranoid_checks = true;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  return options;
}

Status open_view(rocksdb::Env& env, const std::filesystem::path& dir, const Log& log, View& view) {
  const rocksdb::DBOptions options = view_options(env, log);
  const std::string doing = "looking at " + dir.string();
  std::vector<std::string> names;
  rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options, dir.string(), &names);
  if (!status.ok()) return from_opening(status, doing);
  // They are made one after the other; a store is one when it has them all.
  for (const char* family : {kMetaFamily, kDeadFamily}) {
    if (std::find(names.begin(), names.end(), family) == names.end()) return {};
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  status = rocksdb::DB::OpenForReadOnly(
      options, dir.string(),
      {{rocksdb::kDefaultColumnFamilyName, {}}, {kMetaFamily, {}}, {kDeadFamily, {}}}, &handles,
      &db);
  if (!status.ok()) return from_opening(status, doing);
  view.db.reset(db);
  view.entries = handles.at(0);
  view.meta = handles.at(1);
  view.dead = handles.at(2);
  return {};
}

/// The number at the iterator, when that is an entry of the lane; else 0.
Result<Seq> seq_at(const rocksdb::Iterator& it, LaneId lane) {
  // A damaged block looks like the end of the data.
  if (!it.status().ok() && !mutant(Mutant::kIteratorStatusIgnored)) {
    return from_rocks(it.status(), "reading the ends of a lane");
  }
  if (!it.Valid() || lane_of_key(it.key().ToStringView()) != lane) return Seq{0};
  return seq_of_key(it.key().ToStringView());
}

/// Before any other value is looked at. A store without one was cut short while
/// it was created.
Status check_version(const View& view) {
  std::string value;
  const rocksdb::Slice key(meta::kVersion.data(), meta::kVersion.size());
  const rocksdb::Status status = view.db->Get({}, view.meta, key, &value);
  if (status.IsNotFound()) return {};
  if (!status.ok()) return from_rocks(status, "reading the store's version");
  return check_store_version(value);
}

Result<LaneRecord> stored_record(const View& view, LaneId lane) {
  std::string value;
  const rocksdb::Status status =
      view.db->Get({}, view.meta, meta::key(meta::kLanePrefix, lane), &value);
  if (status.IsNotFound()) return LaneRecord{};
  if (!status.ok()) return from_rocks(status, "reading a lane's progress");
  return decode_lane_record(value);
}

Result<LaneEnd> lane_end(const View& view, LaneId lane, std::string topic,
                         const LaneRecord& record) {
  const Seq head = record.progress.head;
  const std::unique_ptr<rocksdb::Iterator> it(view.db->NewIterator({}, view.entries));
  it->SeekForPrev(entry_key(lane, std::numeric_limits<Seq>::max()));
  const Result<Seq> last = seq_at(*it, lane);
  if (!last.ok()) return last.status();
  LaneEnd end{lane, std::move(topic), std::max(*last, head - 1), record.tail};
  if (*last < head) return end;
  it->Seek(entry_key(lane, head));
  const Result<Seq> first = seq_at(*it, lane);
  if (!first.ok()) return first.status();
  end.gap_from = head;
  end.gap_through = *first - 1;
  return end;
}

/// Dead letters that were not requeued, by lane; each is decoded on the way.
Result<std::map<LaneId, std::uint64_t>> count_dead(const View& view) {
  std::map<LaneId, std::uint64_t> dead;
  const std::unique_ptr<rocksdb::Iterator> it(view.db->NewIterator({}, view.dead));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const Result<DeadRecord> letter = decode_dead(it->value().ToStringView());
    if (!letter.ok()) return letter.status();
    if (letter->requeued_as == 0) ++dead[lane_of_key(it->key().ToStringView())];
  }
  if (!it->status().ok()) return from_rocks(it->status(), "counting the dead letters");
  return dead;
}

/// What operators gave up, by topic.
Result<std::map<std::string, std::uint64_t>> count_purged(const View& view) {
  std::map<std::string, std::uint64_t> purged;
  const std::unique_ptr<rocksdb::Iterator> it(view.db->NewIterator({}, view.meta));
  const rocksdb::Slice prefix(meta::kPurgePrefix.data(), meta::kPurgePrefix.size());
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
    const Result<PurgeRecord> record = decode_purge(it->value().ToStringView());
    if (!record.ok()) return record.status();
    purged[record->topic] += record->count;
  }
  if (!it->status().ok()) return from_rocks(it->status(), "counting the purge records");
  return purged;
}

/// Written in the same batches as the counters, but perhaps in a WAL that is gone.
Status compare_counted(const std::string& topic, const char* what, std::uint64_t counted,
                       std::uint64_t found) {
  if (found == counted) return {};
  return {Code::kCorruption, "topic " + topic + ": " + std::to_string(counted) + " " + what +
                                 " were recorded, " + std::to_string(found) +
                                 " are there; nothing was changed; run outbox-relay verify"};
}

Status read_lanes(const View& view, std::vector<LaneEnd>& ends) {
  const auto dead = count_dead(view);
  if (!dead.ok()) return dead.status();
  const auto purged = count_purged(view);
  if (!purged.ok()) return purged.status();
  const auto count_of = [](const auto& counts, const auto& key) {
    const auto found = counts.find(key);
    return found == counts.end() ? std::uint64_t{0} : found->second;
  };
  const std::unique_ptr<rocksdb::Iterator> it(view.db->NewIterator({}, view.meta));
  const rocksdb::Slice prefix(meta::kTopicPrefix.data(), meta::kTopicPrefix.size());
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
    const auto lane =
        static_cast<LaneId>(meta::number_of(it->key().ToStringView(), meta::kTopicPrefix));
    const std::string topic = it->value().ToString();
    const Result<LaneRecord> record = stored_record(view, lane);
    if (!record.ok()) return record.status();
    Status counted = compare_counted(topic, "dead letters", record->dead, count_of(*dead, lane));
    if (counted.ok()) {
      counted = compare_counted(topic, "purged entries", record->purged, count_of(*purged, topic));
    }
    if (!counted.ok()) return counted;
    Result<LaneEnd> end = lane_end(view, lane, topic, *record);
    if (!end.ok()) return end.status();
    ends.push_back(std::move(end).value());
  }
  return from_rocks(it->status(), "reading the topics");
}

}  // namespace

Result<StoreEnds> read_ends(rocksdb::Env& env, const std::filesystem::path& dir, const Log& log) {
  View view;
  Status status = open_view(env, dir, log, view);
  if (!status.ok()) return status;
  StoreEnds ends;
  if (view.db == nullptr) return ends;
  status = check_version(view);
  if (status.ok()) status = read_lanes(view, ends.lanes);
  if (!status.ok()) return status;
  if (!view.db->GetIntProperty(rocksdb::DB::Properties::kMinLogNumberToKeep, &ends.oldest_wal)) {
    return Status(Code::kIoError, "RocksDB does not say which WALs it needs");
  }
  return ends;
}

}  // namespace outbox::store

#include "store/lane_ends.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>

#include "store/meta.h"
#include "store/rocks_log.h"
#include "store/rocks_options.h"
#include "store/rocks_status.h"
#include "store/store_version.h"

namespace outbox::store {

namespace {

/// A read-only database with the two families that know about lanes.
struct View {
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::ColumnFamilyHandle* entries = nullptr;
  rocksdb::ColumnFamilyHandle* meta = nullptr;

  View() = default;
  ~View() {
    if (db == nullptr) return;
    db->DestroyColumnFamilyHandle(entries);
    db->DestroyColumnFamilyHandle(meta);
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
  if (!status.ok()) return from_rocks(status, doing);
  if (std::find(names.begin(), names.end(), kMetaFamily) == names.end()) return {};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  status = rocksdb::DB::OpenForReadOnly(
      options, dir.string(), {{rocksdb::kDefaultColumnFamilyName, {}}, {kMetaFamily, {}}}, &handles,
      &db);
  if (!status.ok()) return from_rocks(status, doing);
  view.db.reset(db);
  view.entries = handles.at(0);
  view.meta = handles.at(1);
  return {};
}

/// The number at the iterator, when that is an entry of the lane; else 0.
Result<Seq> seq_at(const rocksdb::Iterator& it, LaneId lane) {
  // A damaged block looks like the end of the data.
  if (!it.status().ok()) return from_rocks(it.status(), "reading the ends of a lane");
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

Result<LaneEnd> lane_end(const View& view, LaneId lane, std::string topic) {
  const Result<LaneRecord> record = stored_record(view, lane);
  if (!record.ok()) return record.status();
  const Seq head = record->progress.head;
  const std::unique_ptr<rocksdb::Iterator> it(view.db->NewIterator({}, view.entries));
  it->SeekForPrev(entry_key(lane, std::numeric_limits<Seq>::max()));
  const Result<Seq> last = seq_at(*it, lane);
  if (!last.ok()) return last.status();
  LaneEnd end{lane, std::move(topic), std::max(*last, head - 1), record->tail};
  if (*last < head) return end;
  it->Seek(entry_key(lane, head));
  const Result<Seq> first = seq_at(*it, lane);
  if (!first.ok()) return first.status();
  end.gap_from = head;
  end.gap_through = *first - 1;
  return end;
}

}  // namespace

Result<std::vector<LaneEnd>> read_lane_ends(rocksdb::Env& env, const std::filesystem::path& dir,
                                            const Log& log) {
  View view;
  Status opened = open_view(env, dir, log, view);
  if (!opened.ok()) return opened;
  std::vector<LaneEnd> ends;
  if (view.db == nullptr) return ends;
  Status known = check_version(view);
  if (!known.ok()) return known;
  const std::unique_ptr<rocksdb::Iterator> it(view.db->NewIterator({}, view.meta));
  const std::string_view prefix = meta::kTopicPrefix;
  for (it->Seek(rocksdb::Slice(prefix.data(), prefix.size()));
       it->Valid() && it->key().starts_with(rocksdb::Slice(prefix.data(), prefix.size()));
       it->Next()) {
    const auto lane =
        static_cast<LaneId>(meta::number_of(it->key().ToStringView(), meta::kTopicPrefix));
    Result<LaneEnd> end = lane_end(view, lane, it->value().ToString());
    if (!end.ok()) return end.status();
    ends.push_back(std::move(end).value());
  }
  if (!it->status().ok()) return from_rocks(it->status(), "reading the topics");
  return ends;
}

}  // namespace outbox::store

#include "store/lane_ends.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>

#include "base/endian.h"
#include "store/meta.h"
#include "store/rocks_log.h"
#include "store/rocks_options.h"
#include "store/rocks_status.h"

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

/// The lane's highest entry; 0 = none.
Result<Seq> last_entry(const View& view, LaneId lane) {
  const std::string beyond = entry_key(lane, std::numeric_limits<Seq>::max());
  const std::unique_ptr<rocksdb::Iterator> it(view.db->NewIterator({}, view.entries));
  it->SeekForPrev(beyond);
  if (!it->status().ok()) return from_rocks(it->status(), "reading the last entry");
  const std::string first = entry_key(lane, 0);
  if (!it->Valid() || it->key().compare(first) < 0) return Seq{0};
  return get_big<Seq>(it->key().data() + sizeof(LaneId));
}

Result<Seq> stored_head(const View& view, LaneId lane) {
  std::string value;
  const rocksdb::Status status =
      view.db->Get({}, view.meta, meta::key(meta::kLanePrefix, lane), &value);
  if (status.IsNotFound()) return Seq{1};
  if (!status.ok()) return from_rocks(status, "reading a lane's progress");
  const Result<LaneRecord> record = decode_lane_record(value);
  if (!record.ok()) return record.status();
  return record->progress.head;
}

Result<LaneEnd> lane_end(const View& view, LaneId lane, std::string topic) {
  const Result<Seq> last = last_entry(view, lane);
  if (!last.ok()) return last.status();
  const Result<Seq> head = stored_head(view, lane);
  if (!head.ok()) return head.status();
  return LaneEnd{lane, std::move(topic), std::max(*last, *head - 1)};
}

}  // namespace

Result<std::vector<LaneEnd>> read_lane_ends(rocksdb::Env& env, const std::filesystem::path& dir,
                                            const Log& log) {
  View view;
  Status opened = open_view(env, dir, log, view);
  if (!opened.ok()) return opened;
  std::vector<LaneEnd> ends;
  if (view.db == nullptr) return ends;
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

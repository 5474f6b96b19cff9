#include "store/lane_ends.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <string>

#include "base/mutant.h"
#include "store/meta.h"
#include "store/remedy.h"
#include "store/rocks_status.h"
#include "store/store_version.h"
#include "store/views.h"

namespace outbox::store {

namespace {

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
Status check_version(const Database& database) {
  const auto version = read_meta(database, meta::kVersion);
  if (version.status().code() == Code::kNotFound) return {};
  if (!version.ok()) return version.status();
  return check_store_version(*version);
}

/// A later program's record is refused before anything is changed; a damaged one is not looked for.
Status check_record_version(std::string_view record, LaneId lane, Seq seq) {
  Status read = decode(record, lane, seq).status();
  return read.code() == Code::kUnknownVersion ? read : Status();
}

Result<LaneRecord> stored_record(const Database& database, LaneId lane) {
  std::string value;
  const rocksdb::Status status =
      database.db->Get({}, database.meta, meta::key(meta::kLanePrefix, lane), &value);
  if (status.IsNotFound()) return LaneRecord{};
  if (!status.ok()) return from_rocks(status, "reading a lane's progress");
  return decode_lane_record(value);
}

Result<LaneEnd> lane_end(const Database& database, LaneId lane, std::string topic,
                         const LaneRecord& record) {
  const Seq head = record.progress.head;
  const std::unique_ptr<rocksdb::Iterator> it(database.db->NewIterator({}, database.data));
  it->SeekForPrev(entry_key(lane, std::numeric_limits<Seq>::max()));
  const Result<Seq> last = seq_at(*it, lane);
  if (!last.ok()) return last.status();
  LaneEnd end{lane, std::move(topic), std::max(*last, head - 1), record.tail};
  if (*last < head) return end;
  // The newest of its lane, so what a later program appended shows here.
  Status known = check_record_version(it->value().ToStringView(), lane, *last);
  if (!known.ok()) return known;
  it->Seek(entry_key(lane, head));
  const Result<Seq> first = seq_at(*it, lane);
  if (!first.ok()) return first.status();
  end.gap_from = head;
  end.gap_through = *first - 1;
  return end;
}

/// Dead letters that were not requeued, by lane; each is decoded on the way.
Result<std::map<LaneId, std::uint64_t>> count_dead(const Database& database) {
  std::map<LaneId, std::uint64_t> dead;
  const std::unique_ptr<rocksdb::Iterator> it(database.db->NewIterator({}, database.dead));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const Result<DeadRecord> letter = decode_dead(it->value().ToStringView());
    if (!letter.ok()) return letter.status();
    const std::string_view key = it->key().ToStringView();
    const LaneId lane = lane_of_key(key);
    Status known = check_record_version(letter->record, lane, seq_of_key(key));
    if (!known.ok()) return known;
    if (letter->requeued_as == 0) ++dead[lane];
  }
  if (!it->status().ok()) return from_rocks(it->status(), "counting the dead letters");
  return dead;
}

/// What operators gave up, by topic.
Result<std::map<std::string, std::uint64_t>> count_purged(const Database& database) {
  const auto purges = read_purges(database);
  if (!purges.ok()) return purges.status();
  std::map<std::string, std::uint64_t> purged;
  for (const PurgeRecord& record : *purges) purged[record.topic] += record.count;
  return purged;
}

/// Written in the same batches as the counters, but perhaps in a WAL that is gone.
Status compare_counted(const std::string& topic, const char* what, std::uint64_t counted,
                       std::uint64_t found) {
  if (found == counted) return {};
  return {Code::kCorruption, "topic " + topic + ": " + std::to_string(counted) + " " + what +
                                 " were recorded, " + std::to_string(found) + " are there" +
                                 unchanged()};
}

Status read_lanes(const Database& database, std::vector<LaneEnd>& ends) {
  const auto dead = count_dead(database);
  if (!dead.ok()) return dead.status();
  const auto purged = count_purged(database);
  if (!purged.ok()) return purged.status();
  const auto count_of = [](const auto& counts, const auto& key) {
    const auto found = counts.find(key);
    return found == counts.end() ? std::uint64_t{0} : found->second;
  };
  const std::unique_ptr<rocksdb::Iterator> it(database.db->NewIterator({}, database.meta));
  const rocksdb::Slice prefix(meta::kTopicPrefix.data(), meta::kTopicPrefix.size());
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
    const auto lane =
        static_cast<LaneId>(meta::number_of(it->key().ToStringView(), meta::kTopicPrefix));
    const std::string topic = it->value().ToString();
    const Result<LaneRecord> record = stored_record(database, lane);
    if (!record.ok()) return record.status();
    Status counted = compare_counted(topic, "dead letters", record->dead, count_of(*dead, lane));
    if (counted.ok()) {
      counted = compare_counted(topic, "purged entries", record->purged, count_of(*purged, topic));
    }
    if (!counted.ok()) return counted;
    Result<LaneEnd> end = lane_end(database, lane, topic, *record);
    if (!end.ok()) return end.status();
    ends.push_back(std::move(end).value());
  }
  return from_rocks(it->status(), "reading the topics");
}

}  // namespace

Result<StoreEnds> read_ends(const Database& database) {
  StoreEnds ends;
  Status status = check_version(database);
  if (status.ok()) status = read_lanes(database, ends.lanes);
  if (!status.ok()) return status;
  if (!database.db->GetIntProperty(rocksdb::DB::Properties::kMinLogNumberToKeep,
                                   &ends.oldest_wal)) {
    return Status(Code::kIoError, "RocksDB does not say which WALs it needs");
  }
  return ends;
}

}  // namespace outbox::store

#include "store/queries.h"

#include <limits>
#include <memory>

#include "base/endian.h"
#include "store/meta.h"
#include "store/rocks_status.h"

namespace outbox::store::queries {

namespace {

constexpr Seq kSeqMax = std::numeric_limits<Seq>::max();

/// Calls `take(seq, value)` for the keys of a lane from `from` on, until it is not OK or `count`
/// have been taken.
template <typename Take>
Status scan_lane(const Database& database, rocksdb::ColumnFamilyHandle* family, LaneId lane,
                 Seq from, std::size_t count, Take take) {
  const std::string lower_key = entry_key(lane, from);
  const std::string upper_key = entry_key(lane, kSeqMax);
  const rocksdb::Slice lower(lower_key);
  const rocksdb::Slice upper(upper_key);
  const std::unique_ptr<rocksdb::Iterator> it(
      database.db->NewIterator(scan_options(&lower, &upper), family));
  std::size_t taken = 0;
  for (it->Seek(lower); it->Valid() && taken < count; it->Next(), ++taken) {
    const auto seq = get_big<Seq>(it->key().data() + sizeof(LaneId));
    Status status = take(seq, it->value().ToStringView());
    if (!status.ok()) return status;
  }
  // A damaged block ends a scan as if nothing followed.
  return from_rocks(it->status(), "reading lane " + std::to_string(lane));
}

Result<StoredEntry> stored_entry(const std::string& topic, std::string_view record, LaneId lane,
                                 Seq seq) {
  const Result<RecordView> view = decode(record, lane, seq);
  if (!view.ok()) return view.status();
  return StoredEntry{to_message(topic, *view), seq, view->session};
}

Result<DeadLetter> stored_letter(const std::string& topic, std::string_view value, LaneId lane,
                                 Seq seq) {
  const Result<DeadRecord> dead = decode_dead(value);
  if (!dead.ok()) return dead.status();
  Result<StoredEntry> entry = stored_entry(topic, dead->record, lane, seq);
  if (!entry.ok()) return entry.status();
  return DeadLetter{std::move(entry).value(), dead->died_at_ms, dead->partition, dead->reason,
                    dead->requeued_as};
}

}  // namespace

Result<std::vector<StoredEntry>> entries(const Database& database, LaneId lane,
                                         const std::string& topic, Seq from, std::size_t count) {
  std::vector<StoredEntry> found;
  const auto take = [&](Seq seq, std::string_view record) -> Status {
    Result<StoredEntry> entry = stored_entry(topic, record, lane, seq);
    if (entry.ok()) found.push_back(std::move(entry).value());
    return entry.status();
  };
  Status status = scan_lane(database, database.data, lane, from, count, take);
  if (!status.ok()) return status;
  return found;
}

Result<std::vector<DeadLetter>> dead_letters(const Database& database, LaneId lane,
                                             const std::string& topic, std::size_t count) {
  std::vector<DeadLetter> found;
  const auto take = [&](Seq seq, std::string_view value) -> Status {
    Result<DeadLetter> letter = stored_letter(topic, value, lane, seq);
    if (letter.ok()) found.push_back(std::move(letter).value());
    return letter.status();
  };
  Status status = scan_lane(database, database.dead, lane, 0, count, take);
  if (!status.ok()) return status;
  return found;
}

Result<DeadLetter> dead_letter(const Database& database, LaneId lane, const std::string& topic,
                               Seq seq) {
  std::string value;
  const rocksdb::Status got = database.db->Get({}, database.dead, entry_key(lane, seq), &value);
  if (got.IsNotFound()) {
    return Status(Code::kNotFound, topic + "/" + std::to_string(seq) + " is no dead letter");
  }
  if (!got.ok()) return from_rocks(got, "reading a dead letter");
  return stored_letter(topic, value, lane, seq);
}

Result<std::vector<PurgeRecord>> purges(const Database& database) {
  std::vector<PurgeRecord> found;
  const std::string lower_key = meta::key(meta::kPurgePrefix, 0);
  const std::string upper_key = meta::key(meta::kPurgePrefix, kSeqMax);
  const rocksdb::Slice lower(lower_key);
  const rocksdb::Slice upper(upper_key);
  const std::unique_ptr<rocksdb::Iterator> it(
      database.db->NewIterator(scan_options(&lower, &upper), database.meta));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    Result<PurgeRecord> purge = decode_purge(it->value().ToStringView());
    if (!purge.ok()) return purge.status();
    found.push_back(std::move(purge).value());
  }
  if (!it->status().ok()) return from_rocks(it->status(), "reading the purges");
  return found;
}

}  // namespace outbox::store::queries

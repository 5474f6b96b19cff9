#include "store/views.h"

#include <algorithm>
#include <map>
#include <memory>

#include "base/mutant.h"
#include "store/remedy.h"
#include "store/rocks_status.h"

namespace outbox::store {
namespace {

using rocksdb::Slice;

/// Calls `each` with the number behind `prefix` and the value, for all keys under it.
template <typename Each>
Status scan_meta(const Database& database, std::string_view prefix, Each each) {
  const std::unique_ptr<rocksdb::Iterator> scan(
      database.db->NewIterator(rocksdb::ReadOptions(), database.meta));
  const Slice start(prefix.data(), prefix.size());
  for (scan->Seek(start); scan->Valid() && scan->key().starts_with(start); scan->Next()) {
    const std::uint64_t number = meta::number_of(scan->key().ToStringView(), prefix);
    if (Status status = each(number, scan->value().ToStringView()); !status.ok()) return status;
  }
  if (mutant(Mutant::kIteratorStatusIgnored)) return {};
  return from_rocks(scan->status(), "reading the meta family");
}

/// The lane's highest entry in the data family; 0 = none.
Result<Seq> last_entry(const Database& database, LaneId lane) {
  const std::string lower = entry_key(lane, 0);
  const std::string upper = entry_key(lane + 1, 0);
  const Slice lower_slice(lower);
  const Slice upper_slice(upper);
  const std::unique_ptr<rocksdb::Iterator> scan(
      database.db->NewIterator(scan_options(&lower_slice, &upper_slice), database.data));
  scan->SeekToLast();
  if (!scan->status().ok() && !mutant(Mutant::kIteratorStatusIgnored)) {
    return from_rocks(scan->status(), "reading the end of a lane");
  }
  if (!scan->Valid()) return Seq{0};
  return seq_of_key(scan->key().ToStringView());
}

Result<DeadLetter> to_dead_letter(const DeadRecord& dead, LaneId lane, const std::string& topic,
                                  Seq seq) {
  const auto record = decode(dead.record, lane, seq);
  if (!record.ok()) return record.status();
  DeadLetter letter;
  letter.entry.message = to_message(topic, *record);
  letter.entry.seq = seq;
  letter.entry.session = record->session;
  letter.died_at_ms = dead.died_at_ms;
  letter.partition = dead.partition;
  letter.reason = dead.reason;
  letter.requeued_as = dead.requeued_as;
  return letter;
}

Status load_numbers(const Database& database, std::map<LaneId, StoredLane>& lanes) {
  Status status = scan_meta(database, meta::kLanePrefix,
                            [&](std::uint64_t id, std::string_view value) -> Status {
                              auto record = decode_lane_record(value);
                              if (record.ok())
                                lanes[static_cast<LaneId>(id)].record = std::move(*record);
                              return record.status();
                            });
  if (!status.ok()) return status;
  status = scan_meta(database, meta::kPlacementPrefix,
                     [&](std::uint64_t id, std::string_view value) -> Status {
                       auto history = decode_placement(value);
                       if (history.ok()) {
                         lanes[static_cast<LaneId>(id)].placement = std::move(*history);
                       }
                       return history.status();
                     });
  if (!status.ok()) return status;
  return scan_meta(database, meta::kLimitsPrefix,
                   [&](std::uint64_t id, std::string_view value) -> Status {
                     const auto limits = decode_limits(value);
                     if (limits.ok()) lanes[static_cast<LaneId>(id)].limits = *limits;
                     return limits.status();
                   });
}

}  // namespace

Result<std::vector<StoredLane>> load_lanes(const Database& database) {
  std::map<LaneId, StoredLane> lanes;
  Status status = scan_meta(database, meta::kTopicPrefix,
                            [&](std::uint64_t id, std::string_view topic) -> Status {
                              StoredLane& lane = lanes[static_cast<LaneId>(id)];
                              lane.id = static_cast<LaneId>(id);
                              lane.topic = topic;
                              return {};
                            });
  if (status.ok()) status = load_numbers(database, lanes);
  if (!status.ok()) return status;
  std::vector<StoredLane> out;
  for (auto& [id, lane] : lanes) {
    if (lane.topic.empty()) {
      return Status(Code::kCorruption, "lane " + std::to_string(id) + " has no topic" + kRunVerify);
    }
    const auto last = last_entry(database, id);
    if (!last.ok()) return last.status();
    lane.last = std::max({*last, lane.record.tail, lane.record.progress.head - 1});
    if (mutant(Mutant::kTailForgotten)) lane.last = *last;
    out.push_back(std::move(lane));
  }
  return out;
}

Result<std::vector<StoredEntry>> read_entries(const Database& database, LaneId lane,
                                              const std::string& topic, Seq from, Seq through,
                                              ListRoom room) {
  std::vector<StoredEntry> entries;
  if (!room.left() || through < from) return entries;
  const std::string lower = entry_key(lane, from);
  const std::string upper = entry_key(lane, through + 1);
  const Slice lower_slice(lower);
  const Slice upper_slice(upper);
  const std::unique_ptr<rocksdb::Iterator> scan(
      database.db->NewIterator(scan_options(&lower_slice, &upper_slice), database.data));
  Seq expected = from;
  for (scan->Seek(lower_slice); scan->Valid() && room.left(); scan->Next()) {
    const Seq seq = seq_of_key(scan->key().ToStringView());
    if (seq != expected) break;
    const auto record = decode(scan->value().ToStringView(), lane, seq);
    if (!record.ok()) return record.status();
    entries.push_back(StoredEntry{to_message(topic, *record), seq, record->session});
    room.take(scan->value().size());
    ++expected;
  }
  if (!scan->status().ok()) return from_rocks(scan->status(), "reading entries of " + topic);
  if (room.left() && expected <= through) {
    return Status(Code::kCorruption, "topic " + topic + ": entry " + std::to_string(expected) +
                                         " is missing" + kRunVerify);
  }
  return entries;
}

Status check_dead_list(const std::string& topic, Seq from) {
  if (!topic.empty() || from == 0) return {};
  return {Code::kInvalidArgument,
          "dead letters from " + std::to_string(from) + " on: of which topic?"};
}

Status read_dead_letters(const Database& database, LaneId lane, const std::string& topic, Seq from,
                         ListRoom& room, std::vector<DeadLetter>& into) {
  const std::unique_ptr<rocksdb::Iterator> scan(
      database.db->NewIterator(rocksdb::ReadOptions(), database.dead));
  for (scan->Seek(entry_key(lane, from)); scan->Valid() && room.left(); scan->Next()) {
    const std::string_view key = scan->key().ToStringView();
    if (key.size() != kKeyBytes || lane_of_key(key) != lane) break;
    const auto dead = decode_dead(scan->value().ToStringView());
    if (!dead.ok()) return dead.status();
    auto letter = to_dead_letter(*dead, lane, topic, seq_of_key(key));
    if (!letter.ok()) return letter.status();
    into.push_back(std::move(*letter));
    room.take(scan->value().size());
  }
  return from_rocks(scan->status(), "reading dead letters");
}

Result<DeadLetter> read_dead_letter(const Database& database, LaneId lane, const std::string& topic,
                                    Seq seq) {
  const auto dead = read_dead_record(database, lane, topic, seq);
  if (!dead.ok()) return dead.status();
  return to_dead_letter(*dead, lane, topic, seq);
}

Result<std::vector<PurgeRecord>> read_purges(const Database& database) {
  std::vector<PurgeRecord> purges;
  Status status =
      scan_meta(database, meta::kPurgePrefix, [&](std::uint64_t, std::string_view value) -> Status {
        auto purge = decode_purge(value);
        if (purge.ok()) purges.push_back(std::move(*purge));
        return purge.status();
      });
  if (!status.ok()) return status;
  return purges;
}

Result<DeadRecord> read_dead_record(const Database& database, LaneId lane, const std::string& topic,
                                    Seq seq) {
  std::string value;
  const auto got =
      database.db->Get(rocksdb::ReadOptions(), database.dead, entry_key(lane, seq), &value);
  if (got.IsNotFound()) {
    return Status(Code::kNotFound, "topic " + topic + " has no dead letter " + std::to_string(seq));
  }
  if (!got.ok()) return from_rocks(got, "reading a dead letter");
  return decode_dead(value);
}

Result<LaneStats> lane_stats(const Database& database, const StoredLane& lane,
                             std::int64_t now_ms) {
  const LaneRecord& record = lane.record;
  LaneStats stats;
  stats.topic = lane.topic;
  stats.head = record.progress.head;
  stats.tail = lane.last;
  stats.partitions = lane.limits.partitions;
  if (stats.partitions == 0 && !lane.placement.empty()) {
    stats.partitions = lane.placement.back().count;
  }
  stats.ledger.appended = record.appended + (lane.last - std::min(lane.last, record.tail));
  stats.ledger.delivered = record.delivered;
  stats.ledger.pending = lane.last + 1 - stats.head - record.progress.settled_above_head;
  stats.ledger.dead = record.dead;
  stats.ledger.requeued = record.requeued;
  stats.ledger.purged = record.purged;
  if (stats.head > lane.last) return stats;
  std::string value;
  const auto got = database.db->Get(rocksdb::ReadOptions(), database.data,
                                    entry_key(lane.id, stats.head), &value);
  if (got.IsNotFound()) return stats;  // settled and dropped since the numbers were taken
  if (!got.ok()) return from_rocks(got, "reading the head of " + lane.topic);
  const auto entry = decode(value, lane.id, stats.head);
  if (!entry.ok()) return entry.status();
  stats.oldest_age_ms = std::max<std::int64_t>(0, now_ms - entry->appended_at_ms);
  return stats;
}

Result<std::uint64_t> next_purge_number(const Database& database) {
  std::uint64_t next = 1;
  Status status = scan_meta(database, meta::kPurgePrefix,
                            [&](std::uint64_t number, std::string_view) -> Status {
                              next = number + 1;
                              return {};
                            });
  if (!status.ok()) return status;
  return next;
}

std::uint64_t directory_bytes(const std::filesystem::path& dir) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(dir, error)) {
    std::error_code gone;  // RocksDB deletes files meanwhile
    const auto size = file.file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

Result<std::string> read_meta(const Database& database, std::string_view key) {
  std::string value;
  const auto got = database.db->Get(rocksdb::ReadOptions(), database.meta,
                                    Slice(key.data(), key.size()), &value);
  if (got.IsNotFound()) return Status(Code::kNotFound, "no " + std::string(key) + " in the store");
  if (!got.ok()) return from_rocks(got, "reading " + std::string(key));
  return value;
}

}  // namespace outbox::store

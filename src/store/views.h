#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "outbox/stats.h"
#include "outbox/status.h"
#include "store/database.h"
#include "store/meta.h"

namespace outbox::store {

/// A lane as it stands in the families.
struct StoredLane {
  LaneId id = 0;
  std::string topic;
  LaneRecord record;
  /// Highest entry: of the data family, or of the record when that is later.
  Seq last = 0;
  std::vector<PartitionCount> placement;
  TopicLimits limits;
};

/// What the writing store (at open) and Reader have in common: reading the
/// families. Every scan's status is checked: damage is never "empty".
Result<std::vector<StoredLane>> load_lanes(const Database& database);

/// What a list has room for; kListBytesMax.
struct ListRoom {
  std::size_t entries = 0;
  std::size_t bytes = kListBytesMax;

  bool left() const { return entries > 0 && bytes > 0; }
  void take(std::size_t taken_bytes) {
    --entries;
    bytes -= std::min(bytes, taken_bytes);
  }
};

/// What there is `room` for of one lane from `from` on, not beyond `through`, decoded; a gap, a
/// bad checksum or a failed read is an error, never an end.
Result<std::vector<StoredEntry>> read_entries(const Database& database, LaneId lane,
                                              const std::string& topic, Seq from, Seq through,
                                              ListRoom room);

/// kInvalidArgument: a number says nothing without its topic.
Status check_dead_list(const std::string& topic, Seq from);
/// Dead letters of one lane from `from` on, oldest first, behind what `into` has.
Status read_dead_letters(const Database& database, LaneId lane, const std::string& topic, Seq from,
                         ListRoom& room, std::vector<DeadLetter>& into);
/// kNotFound: the entry is no dead letter.
Result<DeadLetter> read_dead_letter(const Database& database, LaneId lane, const std::string& topic,
                                    Seq seq);
/// All purges, oldest first.
Result<std::vector<PurgeRecord>> read_purges(const Database& database);

/// The stored form of a dead letter; kNotFound.
Result<DeadRecord> read_dead_record(const Database& database, LaneId lane, const std::string& topic,
                                    Seq seq);

/// A lane's numbers for people, but for its state. Reads the entry at the head for its age.
Result<LaneStats> lane_stats(const Database& database, const StoredLane& lane, std::int64_t now_ms);

/// The number of the next purge record.
Result<std::uint64_t> next_purge_number(const Database& database);

/// All files of the outbox; 0 when the directory cannot be read.
std::uint64_t directory_bytes(const std::filesystem::path& dir);

/// One value of the meta family; kNotFound.
Result<std::string> read_meta(const Database& database, std::string_view key);

}  // namespace outbox::store

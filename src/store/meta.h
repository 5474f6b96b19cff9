#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/stats.h"
#include "outbox/status.h"
#include "store/format.h"
#include "store/progress.h"

namespace outbox::store {

/// Version of the whole store; another one is refused by name.
inline constexpr std::uint32_t kStoreVersion = 1;

/// Keys of the meta family.
namespace meta {
inline constexpr std::string_view kVersion = "version";
inline constexpr std::string_view kOutboxId = "outbox-id";
inline constexpr std::string_view kSession = "session";
inline constexpr std::string_view kTopicPrefix = "topic/";
inline constexpr std::string_view kLanePrefix = "lane/";
inline constexpr std::string_view kPlacementPrefix = "placement/";
inline constexpr std::string_view kLimitsPrefix = "limits/";
inline constexpr std::string_view kPurgePrefix = "purge/";

/// `prefix` and the number, big-endian.
std::string key(std::string_view prefix, std::uint64_t number);
/// The number behind `prefix`.
std::uint64_t number_of(std::string_view key, std::string_view prefix);
}  // namespace meta

/// A lane's progress and counters, written in one value so that they always
/// agree with each other.
struct LaneRecord {
  /// Highest sequence number when this was written. `appended` counts up to
  /// it; entries found above it are counted when the store is opened.
  Seq tail = 0;
  std::uint64_t appended = 0;
  std::uint64_t delivered = 0;
  std::uint64_t dead = 0;
  std::uint64_t requeued = 0;
  std::uint64_t purged = 0;
  /// Encoded bytes ever appended, and of them settled (estimated between
  /// known points, see ByteMeter).
  std::uint64_t appended_bytes = 0;
  std::uint64_t settled_bytes = 0;
  Progress progress;

  friend bool operator==(const LaneRecord&, const LaneRecord&) = default;
};

std::string encode(const LaneRecord& record);
Result<LaneRecord> decode_lane_record(std::string_view value);

std::string encode(const std::vector<PartitionCount>& history);
Result<std::vector<PartitionCount>> decode_placement(std::string_view value);

std::string encode(const TopicLimits& limits);
Result<TopicLimits> decode_limits(std::string_view value);

std::string encode(const PurgeRecord& record);
Result<PurgeRecord> decode_purge(std::string_view value);

/// A dead letter as stored; `record` is the entry's own, still sealed for its lane|seq.
struct DeadRecord {
  std::int64_t died_at_ms = 0;
  std::int32_t partition = -1;
  Seq requeued_as = 0;
  std::string reason;
  std::string record;
};

std::string encode(const DeadRecord& record);
Result<DeadRecord> decode_dead(std::string_view value);

}  // namespace outbox::store

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "inbox/dedup.h"
#include "kafka/topic_partition.h"
#include "outbox/status.h"

namespace outbox::inbox {

/// Of the whole store; what a later program writes is refused by name.
inline constexpr std::uint64_t kStoreVersion = 1;

inline constexpr std::string_view kVersionKey = "version";
inline constexpr std::string_view kIdKey = "id";
inline constexpr std::string_view kGroupKey = "group";

/// How far a partition is.
struct StoredPosition {
  std::int64_t offset = 0;     ///< everything below is applied
  std::int64_t committed = 0;  ///< what Kafka was last known to have of it; never above `offset`

  friend bool operator==(const StoredPosition&, const StoredPosition&) = default;
};

/// Keys: a letter, then varint topic length, topic, partition (4 bytes, big-endian), and what the
/// letter needs. README.md has a worked example.
std::string position_key(const kafka::TopicPartition& where);
std::string dedup_key(const kafka::TopicPartition& where, const SessionKey& session);
/// A key of one of the two above.
bool rewritten(std::string_view key);
std::string done_key(const kafka::TopicPartition& where, std::int64_t offset);
/// What all keys of one kind and partition begin with.
std::string dedup_prefix(const kafka::TopicPartition& where);
std::string done_prefix(const kafka::TopicPartition& where);

/// What stands behind the prefix.
SessionKey session_of(std::string_view rest);
std::int64_t offset_of(std::string_view rest);

/// Values: version 1, what the kind needs, CRC-32C over all before it and the key.
std::string position_value(std::string_view key, const StoredPosition& position);
std::string dedup_value(std::string_view key, const SessionState& state);
std::string done_value(std::string_view key);
/// Of version, id and group.
std::string plain_value(std::string_view key, std::string_view value);

/// kCorruption names the key; kUnknownVersion.
Result<StoredPosition> read_position(std::string_view key, std::string_view value);
Result<SessionState> read_dedup(std::string_view key, std::string_view value);
Status check_done(std::string_view key, std::string_view value);
Result<std::string> read_plain(std::string_view key, std::string_view value);

}  // namespace outbox::inbox

#include "store/meta.h"

#include "base/crc32c.h"
#include "store/coding.h"

namespace outbox::store {
namespace {

Status damaged(const char* what) {
  return {Code::kCorruption, std::string(what) + " in the meta family is damaged"};
}

/// Every value ends with the CRC-32C of what stands before it.
std::string sealed(std::string value) {
  append_big<std::uint32_t>(value, crc32c(0, value));
  return value;
}

/// The value without its CRC; nullopt when they do not match.
std::optional<std::string_view> opened(std::string_view value) {
  if (value.size() < sizeof(std::uint32_t)) return std::nullopt;
  const std::string_view body = value.substr(0, value.size() - sizeof(std::uint32_t));
  if (get_big<std::uint32_t>(value.data() + body.size()) != crc32c(0, body)) return std::nullopt;
  return body;
}

void append_map(std::string& to, const std::map<std::int32_t, Seq>& map) {
  append_varint(to, map.size());
  for (const auto& [partition, seq] : map) {
    append_varint(to, static_cast<std::uint32_t>(partition));
    append_varint(to, seq);
  }
}

void parse_map(Parser& parser, std::map<std::int32_t, Seq>& map) {
  const std::uint64_t count = parser.varint();
  for (std::uint64_t i = 0; i < count && parser.ok(); ++i) {
    const auto partition = static_cast<std::int32_t>(parser.varint());
    map[partition] = parser.varint();
  }
}

}  // namespace

namespace meta {

std::string key(std::string_view prefix, std::uint64_t number) {
  std::string out(prefix);
  append_big(out, number);
  return out;
}

std::uint64_t number_of(std::string_view key, std::string_view prefix) {
  if (key.size() != prefix.size() + sizeof(std::uint64_t)) return 0;
  return get_big<std::uint64_t>(key.data() + prefix.size());
}

}  // namespace meta

std::string encode(const LaneRecord& record) {
  std::string to;
  for (const std::uint64_t number :
       {record.tail, record.appended, record.delivered, record.dead, record.requeued, record.purged,
        record.appended_bytes, record.settled_bytes, record.progress.head,
        record.progress.settled_above_head}) {
    append_varint(to, number);
  }
  append_map(to, record.progress.through);
  append_map(to, record.progress.last_delivered);
  return sealed(std::move(to));
}

Result<LaneRecord> decode_lane_record(std::string_view value) {
  const auto body = opened(value);
  if (!body) return damaged("a lane record");
  Parser parser(*body);
  LaneRecord record;
  for (std::uint64_t* number :
       {&record.tail, &record.appended, &record.delivered, &record.dead, &record.requeued,
        &record.purged, &record.appended_bytes, &record.settled_bytes, &record.progress.head,
        &record.progress.settled_above_head}) {
    *number = parser.varint();
  }
  parse_map(parser, record.progress.through);
  parse_map(parser, record.progress.last_delivered);
  if (!parser.at_end()) return damaged("a lane record");
  return record;
}

std::string encode(const std::vector<PartitionCount>& history) {
  std::string to;
  append_varint(to, history.size());
  for (const PartitionCount& count : history) {
    append_varint(to, count.from_seq);
    append_varint(to, static_cast<std::uint32_t>(count.count));
    append_varint(to, count.keyless_block_entries);
  }
  return sealed(std::move(to));
}

Result<std::vector<PartitionCount>> decode_placement(std::string_view value) {
  const auto body = opened(value);
  if (!body) return damaged("a partition-count history");
  Parser parser(*body);
  std::vector<PartitionCount> history;
  const std::uint64_t size = parser.varint();
  for (std::uint64_t i = 0; i < size && parser.ok(); ++i) {
    PartitionCount count;
    count.from_seq = parser.varint();
    count.count = static_cast<std::int32_t>(parser.varint());
    count.keyless_block_entries = static_cast<std::uint32_t>(parser.varint());
    history.push_back(count);
  }
  if (!parser.at_end()) return damaged("a partition-count history");
  return history;
}

std::string encode(const TopicLimits& limits) {
  std::string to;
  append_varint(to, static_cast<std::uint64_t>(limits.message_bytes_max));
  append_varint(to, static_cast<std::uint32_t>(limits.partitions));
  return sealed(std::move(to));
}

Result<TopicLimits> decode_limits(std::string_view value) {
  const auto body = opened(value);
  if (!body) return damaged("a topic's limits");
  Parser parser(*body);
  TopicLimits limits;
  limits.message_bytes_max = static_cast<std::int64_t>(parser.varint());
  limits.partitions = static_cast<std::int32_t>(parser.varint());
  if (!parser.at_end()) return damaged("a topic's limits");
  return limits;
}

std::string encode(const PurgeRecord& record) {
  std::string to;
  append_bytes(to, record.topic);
  append_varint(to, record.from);
  append_varint(to, record.through);
  append_varint(to, record.count);
  append_big(to, static_cast<std::uint64_t>(record.at_ms));
  append_bytes(to, record.who);
  return sealed(std::move(to));
}

Result<PurgeRecord> decode_purge(std::string_view value) {
  const auto body = opened(value);
  if (!body) return damaged("a purge record");
  Parser parser(*body);
  PurgeRecord record;
  record.topic = parser.bytes();
  record.from = parser.varint();
  record.through = parser.varint();
  record.count = parser.varint();
  record.at_ms = static_cast<std::int64_t>(parser.big<std::uint64_t>());
  record.who = parser.bytes();
  if (!parser.at_end()) return damaged("a purge record");
  return record;
}

std::string encode(const DeadRecord& record) {
  std::string to;
  append_big(to, static_cast<std::uint64_t>(record.died_at_ms));
  append_big(to, static_cast<std::uint32_t>(record.partition));
  append_varint(to, record.requeued_as);
  append_bytes(to, record.reason);
  append_bytes(to, record.record);
  return sealed(std::move(to));
}

Result<DeadRecord> decode_dead(std::string_view value) {
  const auto body = opened(value);
  if (!body) return Status(Code::kCorruption, "a dead letter is damaged");
  Parser parser(*body);
  DeadRecord record;
  record.died_at_ms = static_cast<std::int64_t>(parser.big<std::uint64_t>());
  record.partition = static_cast<std::int32_t>(parser.big<std::uint32_t>());
  record.requeued_as = parser.varint();
  record.reason = parser.bytes();
  record.record = parser.bytes();
  if (!parser.at_end()) return Status(Code::kCorruption, "a dead letter is damaged");
  return record;
}

}  // namespace outbox::store

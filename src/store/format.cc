#include "store/format.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/crc32c.h"
#include "base/mutant.h"
#include "store/coding.h"
#include "store/store_version.h"

namespace outbox::store {
namespace {

constexpr char kRecordVersion = 1;
constexpr std::size_t kSessionHexBytes = 16;

/// Which optional parts a record has. A key or value that is absent is null.
/// A timestamp of the caller's own stands beside the time of the append.
enum Flags : unsigned char { kHasPartition = 1, kHasKey = 2, kHasValue = 4, kHasTimestamp = 8 };

std::string place_of(LaneId lane, Seq seq) {
  return "lane " + std::to_string(lane) + " entry " + std::to_string(seq);
}

/// Empty: it is too short to be a record.
std::string_view body_of(std::string_view record) {
  return record.substr(0, record.size() - std::min(record.size(), kRecordCrcBytes));
}

/// The headers' bytes, to be walked later.
std::string_view skip_headers(Parser& parser, std::uint32_t count) {
  const std::string_view start = parser.rest();
  for (std::uint32_t i = 0; i < count && parser.ok(); ++i) {
    parser.bytes();
    parser.optional_bytes();
  }
  return start.substr(0, start.size() - parser.rest().size());
}

}  // namespace

std::string entry_key(LaneId lane, Seq seq) {
  std::string key;
  key.reserve(kKeyBytes);
  append_big<std::uint32_t>(key, lane);
  append_big<std::uint64_t>(key, seq);
  return key;
}

LaneId lane_of_key(std::string_view key) { return get_big<std::uint32_t>(key.data()); }

Seq seq_of_key(std::string_view key) { return get_big<std::uint64_t>(key.data() + sizeof(LaneId)); }

std::string session_prefix(const std::string& outbox_id, SessionId session) {
  char hex[kSessionHexBytes + 1];
  std::snprintf(hex, sizeof hex, "%llx", static_cast<unsigned long long>(session));
  return outbox_id + "." + hex + "/";
}

bool HeaderCursor::next(std::string_view& name, std::optional<std::string_view>& value) {
  if (left_ == 0) return false;
  --left_;
  Parser parser(rest_);
  name = parser.bytes();
  value = parser.optional_bytes();
  rest_ = parser.rest();
  return parser.ok();
}

void encode_head(const Message& message, SessionId session, std::int64_t now_ms, std::string& to) {
  unsigned flags = 0;
  if (message.partition) flags |= kHasPartition;
  if (message.key) flags |= kHasKey;
  if (message.value) flags |= kHasValue;
  if (message.timestamp_ms) flags |= kHasTimestamp;
  std::array<char, 2 + 2 * sizeof(std::uint64_t)> head{kRecordVersion, static_cast<char>(flags)};
  put_big<std::uint64_t>(head.data() + 2, session);
  put_big(head.data() + 2 + sizeof(session), static_cast<std::uint64_t>(now_ms));
  to.append(head.data(), head.size());
  if (message.timestamp_ms) append_big(to, static_cast<std::uint64_t>(*message.timestamp_ms));
  if (message.partition) append_big(to, static_cast<std::uint32_t>(*message.partition));
  if (message.key) append_bytes(to, *message.key);
  append_varint(to, message.headers.size());
  for (const Header& header : message.headers) {
    append_bytes(to, header.name);
    append_optional_bytes(to, header.value);
  }
}

void encode_body(const Message& message, SessionId session, std::int64_t now_ms, std::string& to) {
  encode_head(message, session, now_ms, to);
  if (message.value) to.append(*message.value);
}

std::uint32_t record_crc(std::uint32_t body_crc, LaneId lane, Seq seq) {
  char key[kKeyBytes];
  put_big<std::uint32_t>(key, lane);
  put_big<std::uint64_t>(key + sizeof(LaneId), seq);
  return crc32c(body_crc, std::string_view(key, kKeyBytes));
}

void seal(std::string& body, LaneId lane, Seq seq) {
  append_big<std::uint32_t>(body, record_crc(crc32c(0, body), lane, seq));
}

Result<RecordView> decode(std::string_view record, LaneId lane, Seq seq) {
  const std::string_view body = body_of(record);
  if (!body.empty() && !mutant(Mutant::kCrcUnchecked) &&
      get_big<std::uint32_t>(record.data() + body.size()) !=
          record_crc(crc32c(0, body), lane, seq)) {
    return Status(Code::kCorruption, place_of(lane, seq) + " does not match its checksum");
  }
  return decode_checked(record, lane, seq);
}

Result<RecordView> decode_checked(std::string_view record, LaneId lane, Seq seq) {
  const std::string_view body = body_of(record);
  if (body.empty()) return Status(Code::kCorruption, place_of(lane, seq) + " is cut short");
  if (body.front() != kRecordVersion) {
    const auto found = static_cast<unsigned char>(body.front());
    return unknown_version("the record of " + place_of(lane, seq), std::to_string(found),
                           kRecordVersion);
  }
  Parser parser(body.substr(1));
  RecordView view;
  const auto flags = parser.big<std::uint8_t>();
  view.session = parser.big<std::uint64_t>();
  view.appended_at_ms = static_cast<std::int64_t>(parser.big<std::uint64_t>());
  view.timestamp_ms = (flags & kHasTimestamp)
                          ? static_cast<std::int64_t>(parser.big<std::uint64_t>())
                          : view.appended_at_ms;
  if (flags & kHasPartition)
    view.partition = static_cast<std::int32_t>(parser.big<std::uint32_t>());
  if (flags & kHasKey) view.key = parser.bytes();
  view.header_count = static_cast<std::uint32_t>(parser.varint());
  view.headers = skip_headers(parser, view.header_count);
  if (flags & kHasValue) view.value = parser.rest();
  if (!parser.ok() || (!(flags & kHasValue) && !parser.at_end())) {
    return Status(Code::kCorruption, place_of(lane, seq) + " is not a well-formed record");
  }
  return view;
}

Message to_message(const std::string& topic, const RecordView& record) {
  Message message;
  message.topic = topic;
  if (record.key) message.key.emplace(*record.key);
  if (record.value) message.value.emplace(*record.value);
  message.partition = record.partition;
  message.timestamp_ms = record.timestamp_ms;
  HeaderCursor cursor(record);
  std::string_view name;
  std::optional<std::string_view> value;
  while (cursor.next(name, value)) {
    Header header{std::string(name), std::nullopt};
    if (value) header.value.emplace(*value);
    message.headers.push_back(std::move(header));
  }
  return message;
}

}  // namespace outbox::store

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "outbox/message.h"
#include "outbox/status.h"

namespace outbox::store {

/// A lane is a topic; ids are given in order of first use and never reused.
using LaneId = std::uint32_t;
/// Of an opening for writing (session.h).
using SessionId = std::uint64_t;

inline constexpr std::size_t kKeyBytes = 12;
/// What seal() adds to a body.
inline constexpr std::size_t kRecordCrcBytes = 4;
/// lane (4 bytes, big-endian) | seq (8 bytes, big-endian); nothing else is a
/// key of the data column family.
std::string entry_key(LaneId lane, Seq seq);
LaneId lane_of_key(std::string_view key);
Seq seq_of_key(std::string_view key);

/// "<outbox>.<session in hex>/": what an entry is called, before its number.
std::string session_prefix(const std::string& outbox_id, SessionId session);

/// A decoded record. Points into the buffer it was decoded from.
struct RecordView {
  SessionId session = 0;
  /// When it was appended, and the timestamp it has in Kafka.
  std::int64_t appended_at_ms = 0;
  std::int64_t timestamp_ms = 0;
  std::optional<std::int32_t> partition;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::uint32_t header_count = 0;
  /// `header_count` encoded headers; walk them with HeaderCursor.
  std::string_view headers;
};

/// Walks RecordView::headers. next() is false at the end.
class HeaderCursor {
 public:
  explicit HeaderCursor(const RecordView& record)
      : rest_(record.headers), left_(record.header_count) {}
  bool next(std::string_view& name, std::optional<std::string_view>& value);

 private:
  std::string_view rest_;
  std::uint32_t left_;
};

/// The record without its checksum; the session is the store's. Appended to `to`.
void encode_body(const Message& message, SessionId session, std::int64_t now_ms, std::string& to);
/// The same without the value, which is all that follows.
void encode_head(const Message& message, SessionId session, std::int64_t now_ms, std::string& to);
/// What a record ends with, kRecordCrcBytes of it as a big-endian number: CRC-32C over body and
/// lane|seq. `body_crc` is crc32c(0, body), made before the number was known.
std::uint32_t record_crc(std::uint32_t body_crc, LaneId lane, Seq seq);
/// Adds it; `body` is a record from then on.
void seal(std::string& body, LaneId lane, Seq seq);
/// Checks version, bounds and CRC. kCorruption names lane and seq;
/// kUnknownVersion names the version.
Result<RecordView> decode(std::string_view record, LaneId lane, Seq seq);
/// The same of a record in memory whose CRC was made or checked there: version and bounds only.
Result<RecordView> decode_checked(std::string_view record, LaneId lane, Seq seq);

/// The record as an owned message.
Message to_message(const std::string& topic, const RecordView& record);

}  // namespace outbox::store

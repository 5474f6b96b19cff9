#include "inbox/store_format.h"

#include "base/crc32c.h"
#include "base/endian.h"
#include "store/coding.h"
#include "store/store_version.h"

namespace outbox::inbox {
namespace {

using kafka::TopicPartition;
using store::Parser;

constexpr char kPositionKind = 'p';
constexpr char kDedupKind = 'd';
constexpr char kDoneKind = 'm';
constexpr char kValueVersion = 1;
constexpr std::size_t kCrcBytes = 4;

std::string prefix(char kind, const TopicPartition& where) {
  std::string key(1, kind);
  store::append_bytes(key, where.topic);
  append_big(key, static_cast<std::uint32_t>(where.partition));
  return key;
}

void append_offset(std::string& to, std::int64_t offset) {
  append_big(to, static_cast<std::uint64_t>(offset));
}

std::string begun() { return std::string(1, kValueVersion); }

std::string sealed(std::string_view key, std::string value) {
  append_big(value, crc32c(crc32c(0, value), key));
  return value;
}

std::string printable(std::string_view key) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= ' ' && byte < 0x7f) {
      out.push_back(c);
    } else {
      out.append("\\x").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 0xf]);
    }
  }
  return out;
}

Status damaged(std::string_view key) {
  return {Code::kCorruption, "the inbox's value of " + printable(key) + " is damaged"};
}

/// What lies between the version and the CRC.
Result<std::string_view> opened(std::string_view key, std::string_view value) {
  if (value.size() < 1 + kCrcBytes) return damaged(key);
  const std::string_view body = value.substr(0, value.size() - kCrcBytes);
  if (get_big<std::uint32_t>(value.data() + body.size()) != crc32c(crc32c(0, body), key)) {
    return damaged(key);
  }
  if (body.front() != kValueVersion) {
    return store::unknown_version("the inbox's value of " + printable(key),
                                  std::to_string(static_cast<int>(body.front())), kValueVersion);
  }
  return body.substr(1);
}

}  // namespace

std::string position_key(const TopicPartition& where) { return prefix(kPositionKind, where); }
std::string dedup_prefix(const TopicPartition& where) { return prefix(kDedupKind, where); }
std::string done_prefix(const TopicPartition& where) { return prefix(kDoneKind, where); }

bool rewritten(std::string_view key) {
  return !key.empty() && (key.front() == kPositionKind || key.front() == kDedupKind);
}

std::string dedup_key(const TopicPartition& where, const SessionKey& session) {
  std::string key = dedup_prefix(where);
  append_big(key, session.outbox);
  append_big(key, session.session);
  return key;
}

std::string done_key(const TopicPartition& where, std::int64_t offset) {
  std::string key = done_prefix(where);
  append_offset(key, offset);
  return key;
}

SessionKey session_of(std::string_view rest) {
  Parser parser(rest);
  const auto outbox = parser.big<std::uint32_t>();
  return {outbox, parser.big<std::uint64_t>()};
}

std::int64_t offset_of(std::string_view rest) {
  return static_cast<std::int64_t>(Parser(rest).big<std::uint64_t>());
}

std::string position_value(std::string_view key, const StoredPosition& position) {
  std::string value = begun();
  append_offset(value, position.offset);
  append_offset(value, position.committed);
  return sealed(key, std::move(value));
}

std::string dedup_value(std::string_view key, const SessionState& state) {
  std::string value = begun();
  append_big(value, state.high);
  append_big(value, static_cast<std::uint64_t>(state.used_ms));
  store::append_varint(value, state.gaps.ranges().size());
  for (const Range& range : state.gaps.ranges()) {
    store::append_varint(value, range.first);
    store::append_varint(value, range.last - range.first);
  }
  return sealed(key, std::move(value));
}

std::string done_value(std::string_view key) { return sealed(key, begun()); }

std::string plain_value(std::string_view key, std::string_view value) {
  return sealed(key, begun().append(value));
}

Result<StoredPosition> read_position(std::string_view key, std::string_view value) {
  const auto body = opened(key, value);
  if (!body.ok()) return body.status();
  Parser parser(*body);
  StoredPosition position;
  position.offset = static_cast<std::int64_t>(parser.big<std::uint64_t>());
  position.committed = static_cast<std::int64_t>(parser.big<std::uint64_t>());
  if (!parser.at_end() || position.committed > position.offset) return damaged(key);
  return position;
}

Result<SessionState> read_dedup(std::string_view key, std::string_view value) {
  const auto body = opened(key, value);
  if (!body.ok()) return body.status();
  Parser parser(*body);
  SessionState state;
  state.high = parser.big<Seq>();
  state.used_ms = static_cast<std::int64_t>(parser.big<std::uint64_t>());
  const std::uint64_t count = parser.varint();
  if (!parser.ok() || count > Gaps::kRangesMax) return damaged(key);
  Seq last = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Seq first = parser.varint();
    const Seq more = parser.varint();
    if (!parser.ok() || first <= last || first > state.high || more > state.high - first)
      return damaged(key);
    last = first + more;
    state.gaps.open({first, last});
  }
  if (!parser.at_end()) return damaged(key);
  return state;
}

Status check_done(std::string_view key, std::string_view value) {
  const auto body = opened(key, value);
  if (!body.ok()) return body.status();
  return body->empty() ? Status() : damaged(key);
}

Result<std::string> read_plain(std::string_view key, std::string_view value) {
  const auto body = opened(key, value);
  if (!body.ok()) return body.status();
  return std::string(*body);
}

}  // namespace outbox::inbox

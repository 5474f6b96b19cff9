#include "store/validate.h"

#include <algorithm>
#include <string>

namespace outbox::store {
namespace {

constexpr std::size_t kTopicBytesMax = 249;
constexpr std::size_t kIdempotencyKeyBytesMax = 256;
constexpr std::size_t kHeaderNameBytesMax = 32'767;
/// Kafka counts its own framing (record and batch header) against max.message.bytes.
constexpr std::size_t kKafkaFramingBytes = 128;

Status invalid(std::string text) { return {Code::kInvalidArgument, std::move(text)}; }
Status too_large(std::string text) { return {Code::kTooLarge, std::move(text)}; }

/// What of a bad name may stand in one log line.
std::string shown(const std::string& text) {
  constexpr std::size_t kShownBytes = 60;
  std::string out;
  for (const char c : text.substr(0, kShownBytes)) out.push_back(c >= ' ' && c < 127 ? c : '?');
  return text.size() > kShownBytes ? out + "..." : out;
}

Status validate_headers(const Message& message, const Options& options) {
  if (message.headers.size() > options.headers_max) {
    return too_large(std::to_string(message.headers.size()) + " headers; headers_max is " +
                     std::to_string(options.headers_max));
  }
  for (const Header& header : message.headers) {
    if (header.name.size() > kHeaderNameBytesMax) {
      return too_large("a header name of " + std::to_string(header.name.size()) +
                       " bytes; at most " + std::to_string(kHeaderNameBytesMax));
    }
    // librdkafka takes header names as C strings.
    if (header.name.find('\0') != std::string::npos) {
      return invalid("header name \"" + shown(header.name) + "\" holds a NUL byte");
    }
  }
  return {};
}

}  // namespace

Status validate_topic(const std::string& topic) {
  if (topic.empty()) return invalid("the topic is empty");
  if (topic == "." || topic == "..") return invalid("topic \"" + topic + "\" is not allowed");
  if (topic.size() > kTopicBytesMax) {
    return invalid("topic \"" + shown(topic) + "\" has " + std::to_string(topic.size()) +
                   " bytes; Kafka takes at most " + std::to_string(kTopicBytesMax));
  }
  const bool legal = std::all_of(topic.begin(), topic.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  if (legal) return {};
  return invalid("topic \"" + shown(topic) + "\" holds a character outside [a-zA-Z0-9._-]");
}

std::size_t message_bytes(const Message& message) {
  std::size_t bytes = 0;
  if (message.key) bytes += message.key->size();
  if (message.value) bytes += message.value->size();
  for (const Header& header : message.headers) {
    bytes += header.name.size() + (header.value ? header.value->size() : 0);
  }
  return bytes;
}

Status validate(const Message& message, const Options& options) {
  if (message.partition && *message.partition < 0) {
    return invalid("partition " + std::to_string(*message.partition) + " is negative");
  }
  if (message.timestamp_ms && *message.timestamp_ms < 0) {
    return invalid("timestamp_ms " + std::to_string(*message.timestamp_ms) + " is negative");
  }
  if (message.idempotency_key.size() > kIdempotencyKeyBytesMax) {
    return too_large("an idempotency key of " + std::to_string(message.idempotency_key.size()) +
                     " bytes; at most " + std::to_string(kIdempotencyKeyBytesMax));
  }
  if (message.key && message.key->size() > options.key_bytes_max) {
    return too_large("a key of " + std::to_string(message.key->size()) +
                     " bytes; key_bytes_max is " + std::to_string(options.key_bytes_max));
  }
  if (Status status = validate_headers(message, options); !status.ok()) return status;
  if (const std::size_t bytes = message_bytes(message); bytes > options.message_bytes_max) {
    return too_large("a message of " + std::to_string(bytes) +
                     " bytes (key, value, headers); message_bytes_max is " +
                     std::to_string(options.message_bytes_max));
  }
  return {};
}

Status validate(const Message& message, const TopicLimits& limits) {
  if (message.partition && limits.partitions > 0 && *message.partition >= limits.partitions) {
    return invalid("partition " + std::to_string(*message.partition) + " of topic " +
                   message.topic + ", which has partitions 0.." +
                   std::to_string(limits.partitions - 1));
  }
  const auto bytes = message_bytes(message) + kKafkaFramingBytes;
  if (limits.message_bytes_max > 0 && bytes > static_cast<std::size_t>(limits.message_bytes_max)) {
    return too_large("a message of " + std::to_string(bytes) +
                     " bytes with framing; max.message.bytes of topic " + message.topic + " is " +
                     std::to_string(limits.message_bytes_max));
  }
  return {};
}

Status validate(const Options& options) {
  struct Limit {
    const char* name;
    std::uint64_t value;
    std::uint64_t least;
    std::uint64_t most;
  };
  constexpr std::uint64_t kAny = ~std::uint64_t{0};
  // Can be added to a clock; a negative number is far above it.
  constexpr std::uint64_t kTenYearsMs = std::uint64_t{10} * 365 * 24 * 60 * 60 * 1'000;
  const auto ms = [](std::chrono::milliseconds of) {
    return static_cast<std::uint64_t>(of.count());
  };
  constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
  const Limit limits[] = {
      {"pending_entries_max", options.pending_entries_max, 1, kAny},
      {"pending_bytes_max", options.pending_bytes_max, 1'024, kAny},
      {"message_bytes_max", options.message_bytes_max, 1, kGiB},
      {"key_bytes_max", options.key_bytes_max, 0, kGiB},
      {"headers_max", options.headers_max, 0, 65'536},
      {"batch_entries_max", options.batch_entries_max, 1, 1'000'000},
      {"batch_bytes_max", options.batch_bytes_max, 1, kGiB},
      {"commit_queue_bytes_max", options.commit_queue_bytes_max, 4'096, 4 * kGiB},
      {"delivery_callbacks_max", options.delivery_callbacks_max, 1, kAny},
      {"lanes_max", options.lanes_max, 1, 10'000'000},
      {"write_buffer_bytes", options.write_buffer_bytes, 64 << 10, kGiB},
      {"open_deadline_ms", ms(options.open_deadline_ms), 0, kTenYearsMs},
      {"full_deadline_ms", ms(options.full_deadline_ms), 0, kTenYearsMs},
      {"idempotency_window_ms", ms(options.idempotency_window_ms), 0, kTenYearsMs},
  };
  for (const Limit& limit : limits) {
    if (limit.value >= limit.least && limit.value <= limit.most) continue;
    return invalid(std::string("option ") + limit.name + " is " + std::to_string(limit.value) +
                   "; it must be at least " + std::to_string(limit.least) +
                   (limit.most == kAny ? "" : " and at most " + std::to_string(limit.most)));
  }
  return {};
}

}  // namespace outbox::store

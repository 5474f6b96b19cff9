#include "kafka/received.h"

namespace outbox::kafka {
namespace {

std::optional<std::string> bytes(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

}  // namespace

Received to_received(rd_kafka_message_t* message) {
  Received out;
  out.offset = message->offset;
  out.message.topic = rd_kafka_topic_name(message->rkt);
  out.message.partition = message->partition;
  out.message.key = bytes(message->key, message->key_len);
  out.message.value = bytes(message->payload, message->len);
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t timestamp_ms = rd_kafka_message_timestamp(message, &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) out.message.timestamp_ms = timestamp_ms;
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return out;
  out.message.headers.reserve(rd_kafka_header_cnt(headers));
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    out.message.headers.push_back({name, bytes(value, size)});
  }
  return out;
}

}  // namespace outbox::kafka

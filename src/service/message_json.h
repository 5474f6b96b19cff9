#pragma once

#include <string>
#include <string_view>

#include "outbox/inbox.h"
#include "outbox/message.h"
#include "outbox/status.h"

namespace outbox::service {

/// One message as a JSON object:
///   topic      string
///   key        string or null;  or key_base64
///   value      string, or null for a tombstone;  or value_base64. One is required.
///   headers    object of strings or nulls; or an array of
///              {"name", "value" or "value_base64"} (repeated names, bytes)
///   partition  0 or more
///   timestamp_ms  milliseconds since 1970
///   id         the message's idempotency key
/// No other field, and none twice. kInvalidArgument says what is wrong and
/// where (the column for a syntax error, the field otherwise). A missing topic
/// takes `default_topic`, unless that is empty. Bytes that are not UTF-8 are
/// refused; they belong into base64.
Result<Message> parse_message(std::string_view json, const std::string& default_topic = "");

/// The message as parse_message reads it back, on one line.
std::string to_json(const Message& message);

/// The same, and the field `offset`.
std::string to_json(const Received& received);

}  // namespace outbox::service

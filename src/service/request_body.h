#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "outbox/message.h"
#include "outbox/status.h"
#include "service/http_types.h"

namespace outbox::service {

/// The messages of a POST.
struct MessagesBody {
  std::vector<Message> messages;
  /// One JSON object, answered with one object; otherwise NDJSON.
  bool single = false;
  /// By message: its line in the body.
  std::vector<std::size_t> lines;
};

/// Why a body was refused; `line` is 0 when no line is at fault.
struct BodyError {
  Status status;
  std::size_t line = 0;
};

/// One JSON object (it may span lines) or NDJSON. All or nothing. With an
/// Idempotency-Key header, a message without an id of its own gets the key,
/// or, in NDJSON, key/LINE.
BodyError parse_body(const HttpRequest& request, MessagesBody& out);

}  // namespace outbox::service

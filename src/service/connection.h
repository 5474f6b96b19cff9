#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "service/fd.h"

namespace outbox::service {

/// A client. Belongs to the server's loop while it is idle or sends its
/// headers, and to one worker while a request is served.
struct Connection {
  /// What is enough for any sane request line and headers.
  static constexpr std::size_t kHeaderBytesMax = 64 * 1024;

  Fd fd;
  /// Received and not yet consumed.
  std::string buffer;
  std::int64_t last_used_ms = 0;

  /// The request line and all headers are here.
  bool has_request() const {
    return buffer.find("\r\n\r\n") != std::string::npos || buffer.find("\n\n") != std::string::npos;
  }
  /// GET and HEAD; only meaningful with has_request().
  bool only_reads() const { return buffer.starts_with("GET ") || buffer.starts_with("HEAD "); }
};

}  // namespace outbox::service

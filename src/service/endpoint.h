#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "outbox/status.h"

namespace outbox::service {

/// Where a relay listens: a Unix socket or a TCP address.
struct Endpoint {
  /// Of a Unix socket, absolute; empty for TCP.
  std::string path;
  std::string host;
  std::uint16_t port = 0;

  bool is_unix() const { return !path.empty(); }
  /// As parse_endpoint reads it.
  std::string text() const;
};

/// "unix:PATH", "HOST:PORT", "[::1]:PORT". kInvalidArgument says what is wrong,
/// and for a path that is too long for a socket what to do about it.
Result<Endpoint> parse_endpoint(std::string_view text);

/// The default: a Unix socket in the outbox's directory.
Result<Endpoint> default_endpoint(const std::filesystem::path& dir);

/// The file in the outbox's directory that tells other commands where its
/// running relay listens. Left behind by a kill; whoever reads it must expect
/// that nobody listens there.
Status write_endpoint_file(const std::filesystem::path& dir, const Endpoint& endpoint);
/// kNotFound: no relay is recorded.
Result<Endpoint> read_endpoint_file(const std::filesystem::path& dir);
void remove_endpoint_file(const std::filesystem::path& dir);

}  // namespace outbox::service

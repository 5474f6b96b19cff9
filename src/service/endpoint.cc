#include "service/endpoint.h"

#include <sys/un.h>

#include <fstream>
#include <limits>
#include <system_error>

#include "service/units.h"

namespace outbox::service {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::string_view kSocketName = "relay.sock";
constexpr std::string_view kFileName = "endpoint";
/// sun_path with its closing zero.
constexpr std::size_t kSocketPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;

Status invalid(std::string_view text, const std::string& what) {
  return {Code::kInvalidArgument, "listen: \"" + std::string(text) + "\": " + what};
}

Result<Endpoint> unix_endpoint(std::string_view text, const std::filesystem::path& path) {
  std::error_code error;
  Endpoint endpoint;
  endpoint.path = std::filesystem::absolute(path, error).lexically_normal().string();
  if (error || path.empty()) return invalid(text, "no path of a socket");
  if (endpoint.path.size() > kSocketPathBytesMax) {
    return invalid(text, "the socket path has " + std::to_string(endpoint.path.size()) +
                             " bytes, the system takes at most " +
                             std::to_string(kSocketPathBytesMax) +
                             "; give a shorter one with --listen unix:PATH");
  }
  return endpoint;
}

}  // namespace

std::string Endpoint::text() const {
  if (is_unix()) return std::string(kUnixPrefix) + path;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return unix_endpoint(text, text.substr(kUnixPrefix.size()));
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return invalid(text, "wanted unix:PATH or HOST:PORT");
  }
  Endpoint endpoint;
  endpoint.host = text.substr(0, colon);
  if (endpoint.host.starts_with('[') && endpoint.host.ends_with(']')) {
    endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
  }
  const auto port = parse_count(text.substr(colon + 1));
  if (endpoint.host.empty() || !port.ok() || *port > std::numeric_limits<std::uint16_t>::max()) {
    return invalid(text, "wanted HOST:PORT with a port from 0 (any free one) to 65535");
  }
  endpoint.port = static_cast<std::uint16_t>(*port);
  return endpoint;
}

Result<Endpoint> default_endpoint(const std::filesystem::path& dir) {
  const auto path = dir / kSocketName;
  return unix_endpoint(std::string(kUnixPrefix) + path.string(), path);
}

Status write_endpoint_file(const std::filesystem::path& dir, const Endpoint& endpoint) {
  const auto file = dir / kFileName;
  const auto fresh = dir / (std::string(kFileName) + ".new");
  std::ofstream out(fresh, std::ios::trunc);
  out << endpoint.text() << "\n";
  out.close();
  std::error_code error;
  // Readers see the old name or the new one, never half of it.
  if (out) std::filesystem::rename(fresh, file, error);
  if (!out || error) return {Code::kIoError, "cannot write " + file.string()};
  return {};
}

Result<Endpoint> read_endpoint_file(const std::filesystem::path& dir) {
  std::ifstream in(dir / kFileName);
  std::string line;
  if (!in || !std::getline(in, line))
    return Status(Code::kNotFound, "no relay runs on this outbox");
  return parse_endpoint(line);
}

void remove_endpoint_file(const std::filesystem::path& dir) {
  std::error_code ignored;
  std::filesystem::remove(dir / kFileName, ignored);
}

}  // namespace outbox::service

#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "outbox/options.h"
#include "outbox/status.h"

namespace outbox::service {

/// Settings of the HTTP front. Every limit says what happens at it.
struct HttpOptions {
  /// "unix:PATH" or "HOST:PORT"; empty = a Unix socket in the outbox's directory.
  std::string listen;
  /// Requests served at once that may wait for a disk or for Kafka; more wait
  /// in line. Reading requests (GET) have threads of their own.
  std::uint64_t write_threads = 32;
  std::uint64_t read_threads = 4;
  /// At the limit the connection that is idle longest is closed; when none is
  /// idle, new ones wait to be accepted.
  std::uint64_t connections_max = 1'024;
  /// An idle keep-alive connection is closed after this.
  std::chrono::milliseconds idle_timeout_ms{60'000};
  /// A client that stops in the middle of a request or answer is dropped.
  std::chrono::milliseconds io_timeout_ms{10'000};
  /// One request's body; more is 413.
  std::uint64_t body_bytes_max = std::uint64_t{32} << 20;
  /// All bodies in memory at once; more is 503 with Retry-After.
  std::uint64_t bodies_bytes_max = std::uint64_t{64} << 20;
};

/// Everything a program of this project can be told.
struct Config {
  std::filesystem::path dir;
  std::string log_level = "info";
  Options store;
  RelayOptions relay;
  HttpOptions http;
  /// Suspicions for the log, one line each; not errors.
  std::vector<std::string> warnings;
};

/// Key (as in the file, e.g. "linger") and text.
using Assignment = std::pair<std::string, std::string>;

/// Where settings come from, weakest first: built-in defaults (or `base`), the
/// file, the environment (OUTBOX_*), flags.
struct ConfigSources {
  Config base;
  std::optional<std::filesystem::path> file;
  /// By whole name. An unknown variable that resembles a known one is a
  /// warning, any other is somebody else's (e.g. Kubernetes' OUTBOX_PORT).
  std::map<std::string, std::string> environment;
  std::vector<Assignment> flags;
  /// Of -X property=value.
  std::vector<std::string> kafka_flags;
};

/// Never repeats the value of a Kafka property in a message: it may be a
/// secret. kInvalidArgument: one line that names the file and line, variable
/// or flag, and the nearest known key; kIoError: a file cannot be read.
Result<Config> load_config(const ConfigSources& sources);

/// This process's variables that begin with OUTBOX_.
std::map<std::string, std::string> outbox_environment();

}  // namespace outbox::service

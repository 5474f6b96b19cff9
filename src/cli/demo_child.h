#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/status.h"

namespace outbox::cli {

/// What the demo's child is asked to do. It is killed on the way, so all of it
/// comes by the command line.
struct DemoChildOptions {
  std::filesystem::path dir;
  std::string bootstrap_servers;
  std::string topic;
  int max_in_flight_requests = 1;
  /// Per writer: the first number to append. A writer goes on at the last
  /// number that the parent knows to be durable; what was durable beyond it is
  /// appended again with the same idempotency key, which appends nothing.
  std::vector<std::uint64_t> start_at;
};

/// What the child says of itself, one line each on standard output.
struct DemoProgress {
  std::uint64_t delivered = 0;
  std::uint64_t pending = 0;
  std::uint64_t disk_bytes = 0;
  std::uint64_t repeated = 0;          ///< appends answered with an earlier sequence number
  std::vector<std::uint64_t> durable;  ///< per writer: how many of its messages are
  bool drained = false;

  std::string to_line() const;
  static std::optional<DemoProgress> parse(std::string_view line);
};

/// The child: writers append, the relay drains. Reads "pause", "resume" and
/// "finish" (stop the writers, drain, exit) from standard input.
Status run_demo_child(const DemoChildOptions& options);

}  // namespace outbox::cli

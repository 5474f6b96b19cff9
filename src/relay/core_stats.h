#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace outbox::relay {

/// Counters since start, and what is held right now.
struct CoreStats {
  std::uint64_t delivered = 0;
  std::uint64_t produced = 0;
  /// Handed out again; at most so many duplicates were caused by the relay.
  std::uint64_t resent = 0;
  std::uint64_t buried = 0;
  std::uint64_t purged = 0;
  std::uint64_t implicit_acks = 0;
  /// Times an entry was doubted for the third time at an unchanged place.
  std::uint64_t alarms = 0;
  std::map<std::string, std::uint64_t> rebuilds;

  /// Handed to a producer and not reported.
  std::uint64_t in_flight_entries = 0;
  std::uint64_t in_flight_bytes = 0;
  /// Those, and what waits to be handed out: what the budgets bound.
  std::uint64_t held_entries = 0;
  std::uint64_t held_bytes = 0;
};

}  // namespace outbox::relay

#pragma once

#include <atomic>
#include <cstdint>

namespace outbox::inbox {

/// What an inbox counts; read from any thread.
struct Tally {
  std::atomic<std::uint64_t> received = 0;
  std::atomic<std::uint64_t> processed = 0;
  std::atomic<std::uint64_t> duplicates = 0;
  std::atomic<std::uint64_t> late = 0;
  std::atomic<std::uint64_t> gaps_opened = 0;
  std::atomic<std::uint64_t> skipped_done = 0;
  std::atomic<std::uint64_t> retried = 0;
  std::atomic<std::uint64_t> dead_lettered = 0;
  std::atomic<std::uint64_t> possible_repeats = 0;
  std::atomic<std::uint64_t> commits = 0;
  std::atomic<std::uint64_t> rebalances = 0;
  // Of partitions that have ended.
  std::atomic<std::uint64_t> gaps_merged = 0;
  std::atomic<std::uint64_t> sessions_forgotten = 0;
};

}  // namespace outbox::inbox

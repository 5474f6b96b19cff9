#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "outbox/options.h"
#include "outbox/status.h"

namespace outbox::store {

/// The size and count limits of what is pending. Callers take room before
/// they append, and it is given back when entries are settled. Thread-safe.
class Capacity {
 public:
  explicit Capacity(const Options& options) : options_(options) {}

  /// Blocks or refuses, as `when_full` says. kFull; kTooLarge when it could
  /// never fit; kClosed.
  Status take(std::uint64_t entries, std::uint64_t bytes, WhenFull when_full);
  void give_back(std::uint64_t entries, std::uint64_t bytes);
  bool empty() const;
  /// At open: what is there already, over the limit or not.
  void start_with(std::uint64_t entries, std::uint64_t bytes);
  /// Wakes everybody who waits in take().
  void close();

 private:
  bool fits(std::uint64_t entries, std::uint64_t bytes) const;
  Status full() const;

  const Options& options_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::uint64_t entries_ = 0;
  std::uint64_t bytes_ = 0;
  std::size_t waiting_ = 0;
  bool closed_ = false;
};

}  // namespace outbox::store

#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>

#include "base/clock.h"
#include "outbox/status.h"

namespace rocksdb {
class Env;
}

namespace outbox::store {

/// Refuses appends while the disk is down to its reserve, which is for
/// progress, dead letters and flushes: so that the relay can drain. Asks the
/// file system at most every kCheckMs, or after kCheckBytes. Thread-safe.
class DiskGuard {
 public:
  static constexpr std::int64_t kCheckMs = 100;
  static constexpr std::uint64_t kCheckBytes = std::uint64_t{8} << 20;

  DiskGuard(rocksdb::Env& env, std::filesystem::path dir, std::uint64_t reserve_bytes,
            const Clock& clock)
      : env_(env), dir_(std::move(dir)), reserve_bytes_(reserve_bytes), clock_(clock) {}

  /// kDiskFull, or OK for an append of `bytes`.
  Status admit(std::uint64_t bytes);

 private:
  rocksdb::Env& env_;
  const std::filesystem::path dir_;
  const std::uint64_t reserve_bytes_;
  const Clock& clock_;
  std::atomic<std::int64_t> next_check_ms_{0};
  std::atomic<std::uint64_t> since_check_bytes_{0};
  std::atomic<std::uint64_t> free_bytes_{~std::uint64_t{0}};
};

}  // namespace outbox::store

#include "store/disk_guard.h"

#include <rocksdb/env.h>

#include <string>

namespace outbox::store {

Status DiskGuard::admit(std::uint64_t bytes) {
  const std::int64_t now_ms = clock_.mono_ms();
  const std::uint64_t since = since_check_bytes_.fetch_add(bytes) + bytes;
  if (now_ms >= next_check_ms_ || since >= kCheckBytes) {
    next_check_ms_ = now_ms + kCheckMs;
    since_check_bytes_ = bytes;
    std::uint64_t free = 0;
    // A file system that cannot tell is not a reason to refuse: ENOSPC itself is handled.
    if (env_.GetFreeSpace(dir_.string(), &free).ok()) free_bytes_ = free;
  }
  const std::uint64_t free = free_bytes_;
  if (free >= reserve_bytes_ && free - reserve_bytes_ >= since_check_bytes_) return {};
  return {Code::kDiskFull, dir_.string() + " has " + std::to_string(free >> 20) +
                               " MiB free; disk_reserve_bytes keeps " +
                               std::to_string(reserve_bytes_ >> 20) + " MiB for draining"};
}

}  // namespace outbox::store

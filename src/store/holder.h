#pragma once

#include <chrono>
#include <filesystem>
#include <memory>

#include "outbox/status.h"

namespace outbox::store {

/// The right to write in an outbox directory: a lock on the file `holder`, in
/// which "pid program" stands for whoever finds it locked. Taken before
/// anything in the directory is looked at (RocksDB's own LOCK is taken too
/// late for the WAL check) and kept until RocksDB is closed. Released by the
/// destructor or the end of the process. A second open in the same process is
/// refused like any other.
class HolderLock {
 public:
  static constexpr const char* kFileName = "holder";

  /// Waits up to `deadline_ms` for the present holder to go. kBusy names it;
  /// kIoError: the directory does not exist or is not writable.
  static Result<std::unique_ptr<HolderLock>> acquire(const std::filesystem::path& dir,
                                                     std::chrono::milliseconds deadline_ms);
  ~HolderLock();
  HolderLock(const HolderLock&) = delete;
  HolderLock& operator=(const HolderLock&) = delete;

 private:
  explicit HolderLock(int fd) : fd_(fd) {}
  const int fd_;
  bool held_ = false;
};

}  // namespace outbox::store

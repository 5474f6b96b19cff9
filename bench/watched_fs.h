#pragma once

#include <rocksdb/env.h>

#include <cstdint>
#include <memory>
#include <string>

namespace outbox::bench {

/// What a store does with its files. Each is called on the thread that does it, just before.
class FileEvents {
 public:
  virtual ~FileEvents() = default;
  virtual void creating(const std::string& /*path*/) {}
  virtual void locking(const std::string& /*path*/) {}
  virtual void appending(const std::string& /*path*/, std::uint64_t /*bytes*/) {}
  virtual void syncing(const std::string& /*path*/) {}  ///< a file, not a directory
};

/// The real file system, watched. `events` must outlive the Env and all files.
std::unique_ptr<rocksdb::Env> make_watched_env(FileEvents& events);

}  // namespace outbox::bench

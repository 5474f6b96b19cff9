#pragma once

#include <rocksdb/env.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/log.h"
#include "outbox/options.h"
#include "outbox/status.h"
#include "store/database.h"

namespace outbox::store {

/// A RocksDB secondary instance: reads along with the outbox's holder, changes
/// nothing in its directory. Not thread-safe.
class Secondary {
 public:
  /// kNotFound: `dir` is not an outbox.
  static Result<std::unique_ptr<Secondary>> open(const std::filesystem::path& dir,
                                                 const Options& options, rocksdb::Env& env,
                                                 const Log& log);
  ~Secondary();
  Secondary(const Secondary&) = delete;
  Secondary& operator=(const Secondary&) = delete;

  const Database& database() const { return *database_; }
  /// Whatever was durable at the call is seen afterwards. kTimeout: the holder
  /// changed its files all the while.
  Status catch_up();

 private:
  Secondary(std::filesystem::path dir, std::filesystem::path scratch, rocksdb::Env& env)
      : dir_(std::move(dir)), scratch_(std::move(scratch)), env_(env) {}
  Status open_database(const Options& options, const Log& log);
  Result<std::string> manifest_mark() const;

  const std::filesystem::path dir_;
  const std::filesystem::path scratch_;  ///< its own files: outside of the outbox, gone at the end
  rocksdb::Env& env_;
  std::unique_ptr<Database> database_;
};

/// The answer for a directory that holds something else, or nothing.
Status no_outbox(const std::filesystem::path& dir, const std::string& why);

}  // namespace outbox::store

#pragma once

#include <rocksdb/env.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "crash/oracle.h"
#include "store/store.h"
#include "support/drop_fs.h"
#include "support/temp_dir.h"

namespace outbox::test {

/// A store on a file system that can be cut off, and its oracle.
class Rig {
 public:
  Rig();

  /// Small limits, so that a run of some hundred entries flushes and compacts.
  static Options small_options();
  Result<std::unique_ptr<store::Store>> open() { return open(small_options()); }
  Result<std::unique_ptr<store::Store>> open(const Options& options,
                                             std::function<void(store::Database&)> opened = {});

  const std::filesystem::path& dir() const { return dir_; }
  DropFs& fs() { return *fs_; }
  rocksdb::Env& env() { return *env_; }
  Oracle& oracle() { return oracle_; }

 private:
  TempDir temp_;
  const std::filesystem::path dir_;
  std::shared_ptr<DropFs> fs_;
  std::unique_ptr<rocksdb::Env> env_;
  Oracle oracle_;
};

/// One message, told to the oracle before and after.
Result<Appended> append_one(store::Store& store, Oracle& oracle, const std::string& topic,
                            std::size_t bytes);

/// Four producers (two of single appends, one of batches, one asynchronous)
/// append until the first failure or `appends_max` each, while a fake drainer
/// drains. Returns when all have ended.
void work(store::Store& store, Oracle& oracle, std::uint64_t seed, int appends_max);

}  // namespace outbox::test

#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "store/wal_check.h"

namespace rocksdb {
class Env;
}

namespace outbox::store {

/// `env` as if the torn WALs in `dir` had been cut already, for opening the
/// database read-only before anything is changed. `env` must outlive it.
std::unique_ptr<rocksdb::Env> view_with_cuts(rocksdb::Env& env, const std::filesystem::path& dir,
                                             const std::vector<TornWal>& torn);

}  // namespace outbox::store

#pragma once

#include <filesystem>
#include <vector>

#include "base/log.h"
#include "outbox/status.h"
#include "store/recovery.h"

namespace rocksdb {
class Env;
}

namespace outbox::store {

/// What a read-only instance sees of a store, before it is opened.
struct StoreEnds {
  /// Lanes that were never registered have none. A database whose creation was cut short has no
  /// lanes.
  std::vector<LaneEnd> lanes;
  /// RocksDB replays no WAL with a lower number.
  std::uint64_t oldest_wal = 0;
};

/// Changes nothing in `dir`. kUnknownVersion; kIoError; kCorruption, also when there are fewer dead
/// letters or purge records than their lane has counted.
Result<StoreEnds> read_ends(rocksdb::Env& env, const std::filesystem::path& dir, const Log& log);

}  // namespace outbox::store

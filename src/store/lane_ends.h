#pragma once

#include <cstdint>
#include <vector>

#include "outbox/status.h"
#include "store/database.h"
#include "store/recovery.h"

namespace outbox::store {

/// What a read-only instance sees of a store, before it is opened.
struct StoreEnds {
  /// Lanes that were never registered have none.
  std::vector<LaneEnd> lanes;
  /// RocksDB replays no WAL with a lower number.
  std::uint64_t oldest_wal = 0;
};

/// Reads every dead letter, so it takes as long as there are many. kUnknownVersion; kIoError;
/// kCorruption, also when there are fewer dead letters or purge records than their lane has
/// counted.
Result<StoreEnds> read_ends(const Database& database);

}  // namespace outbox::store

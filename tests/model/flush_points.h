#pragma once

#include <cstddef>
#include <cstdint>

#include "model/rng.h"
#include "store/database.h"

namespace outbox::model {

/// When a memtable is full RocksDB decides by its allocator and by chance, which no seed repeats.
/// So the memtables here are too large to fill, and a seed decides.
class FlushPoints {
 public:
  explicit FlushPoints(std::uint64_t seed) : random_(seed) {}
  void opened(store::Database& database);
  /// So much was written: perhaps a memtable is full now. Does not wait for its flush.
  void wrote(std::size_t bytes);

 private:
  void flush(rocksdb::ColumnFamilyHandle* family);

  Rng random_;
  store::Database* database_ = nullptr;
  std::size_t unflushed_bytes_ = 0;
  std::size_t full_bytes_ = 0;
};

}  // namespace outbox::model

#pragma once

#include "append_sides.h"

namespace rocksdb {
class Env;
}

namespace outbox::bench {

/// The sides of bench_append on a file system of one's own: the store, and RocksDB alone with the
/// store's options and records of the same length, made before the clock starts.
class SlowSides {
 public:
  SlowSides(const AppendLoad& load, rocksdb::Env& env) : load_(load), env_(env) {}

  /// One message a call from each thread.
  Sample outbox_blocking(int threads) const;
  Sample rocksdb_blocking(int threads) const;
  /// One thread: append_async; synced batches of kBulkEntries.
  Sample outbox_async() const;
  Sample rocksdb_batches() const;

 private:
  Sample rocksdb_batches(int threads, std::size_t entries) const;

  const AppendLoad load_;
  rocksdb::Env& env_;
};

}  // namespace outbox::bench

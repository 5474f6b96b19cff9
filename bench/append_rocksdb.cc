#include "append_threads.h"
#include "rocks_alone.h"
#include "store/format.h"

namespace outbox::bench {

Sample rocksdb_blocking(const AppendLoad& load, int threads) {
  RocksAlone rocks(load.dir, load.env);
  const std::string record = record_of(random_text(load.value_bytes));
  std::atomic<Seq> next{1};
  return drive(threads, load.seconds, 1, [&] {
    rocksdb::WriteBatch batch;
    must(batch.Put(store::entry_key(1, next.fetch_add(1)), record));
    rocks.write(batch);
  });
}

Sample rocksdb_batches(const AppendLoad& load) {
  RocksAlone rocks(load.dir, load.env);
  const std::string record = record_of(random_text(load.value_bytes));
  Seq next = 1;
  rocksdb::WriteBatch batch;
  return drive(1, load.seconds, kBulkEntries, [&] {
    batch.Clear();
    for (std::size_t i = 0; i < kBulkEntries; ++i) {
      must(batch.Put(store::entry_key(1, next++), record));
    }
    rocks.write(batch);
  });
}

}  // namespace outbox::bench

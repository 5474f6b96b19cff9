#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "report.h"

namespace rocksdb {
class Env;
}

namespace outbox::bench {

/// What one side did in one run.
struct Sample {
  double per_second = 0;  ///< messages that were durable
  double p50_us = 0;      ///< of a blocking append; 0 elsewhere
  double p99_us = 0;
  double cpu_us = 0;  ///< of this process, per message
};

/// What is appended, for how long. Values are random text: hardly anything compresses.
struct AppendLoad {
  std::size_t value_bytes = 100;
  double seconds = 2;
  std::filesystem::path dir;    ///< emptied before and after each run
  rocksdb::Env* env = nullptr;  ///< of RocksDB alone; null: the real one
};

inline constexpr std::size_t kBulkEntries = 1'000;

/// The outbox. A failed append ends the program.
Sample outbox_blocking(const AppendLoad& load, int threads);
Sample outbox_async(const AppendLoad& load);
Sample outbox_batches(const AppendLoad& load);

/// RocksDB alone: the same options, the same keys, records of the same length,
/// but made before the clock starts; Write(sync=true), of one record by each
/// thread, or of kBulkEntries by one thread.
Sample rocksdb_blocking(const AppendLoad& load, int threads);
Sample rocksdb_batches(const AppendLoad& load);

/// RocksDB with a group commit of a few lines: one thread writes and syncs what callers left
/// meanwhile, values as they are.
Sample bare_blocking(const AppendLoad& load, int threads);

/// The figures of both sides, run by run, and their ratio.
void set_sides(Row& row, const std::vector<Sample>& outbox, const std::vector<Sample>& rocksdb);

}  // namespace outbox::bench

#pragma once

#include <rocksdb/db.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "outbox/options.h"
#include "outbox/status.h"
#include "store/head_filter.h"

namespace outbox::store {

/// RocksDB and its families, open; closed by the destructor.
struct Database {
  std::unique_ptr<rocksdb::Env> env;  ///< of `db`: what it was given, with guard_tables()
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::ColumnFamilyHandle* data = nullptr;
  rocksdb::ColumnFamilyHandle* meta = nullptr;
  rocksdb::ColumnFamilyHandle* dead = nullptr;
  rocksdb::ColumnFamilyHandle* idempotency = nullptr;

  Database() = default;
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
};

/// The families and their options, in the order of Database's members.
std::vector<rocksdb::ColumnFamilyDescriptor> families(const Options& options,
                                                      std::shared_ptr<const DurableHeads> heads);
/// Takes over what DB::Open or OpenAsSecondary gave for families().
void adopt(Database& database, rocksdb::DB* db,
           const std::vector<rocksdb::ColumnFamilyHandle*>& handles);

/// Threads that are worth having to open the tables in `dir`. RocksDB starts as many for each
/// family, and 16 if not told, even when there is no table.
int opening_threads(const std::filesystem::path& dir, rocksdb::Env& env);

/// Opens for writing; contract of the errors as in rocks_status.h.
Result<std::unique_ptr<Database>> open_database(const std::filesystem::path& dir,
                                                const Options& options, rocksdb::Env* env,
                                                const Log& log,
                                                std::shared_ptr<const DurableHeads> heads);

/// Reads all of it once and writes nothing. Null: its creation was cut short (its families are made
/// one after the other).
Result<std::unique_ptr<Database>> open_for_reading(const std::filesystem::path& dir,
                                                   rocksdb::Env& env, const Log& log);

/// For scans of entries: bounds [lower, upper), checksums verified, no cache pollution.
/// The slices must outlive the iterator.
rocksdb::ReadOptions scan_options(const rocksdb::Slice* lower, const rocksdb::Slice* upper);

}  // namespace outbox::store

#include "store/database.h"

#include <algorithm>

#include "store/rocks_log.h"
#include "store/rocks_options.h"
#include "store/rocks_status.h"
#include "store/table_guard.h"

namespace outbox::store {
namespace {

constexpr std::size_t kTablesPerThread = 8;
constexpr std::size_t kOpeningThreadsMax = 16;  // RocksDB's own number

}  // namespace

Database::~Database() {
  if (!db) return;
  for (auto* handle : {data, meta, dead, idempotency}) {
    if (handle != nullptr) db->DestroyColumnFamilyHandle(handle);
  }
  // Close reports what the destructor would swallow; what was OK is in the synced WAL either way.
  [[maybe_unused]] const rocksdb::Status closed = db->Close();
}

std::vector<rocksdb::ColumnFamilyDescriptor> families(const Options& options,
                                                      std::shared_ptr<const DurableHeads> heads) {
  return {{rocksdb::kDefaultColumnFamilyName, data_family_options(options, std::move(heads))},
          {kMetaFamily, small_family_options()},
          {kDeadFamily, small_family_options()},
          {kIdempotencyFamily, small_family_options()}};
}

void adopt(Database& database, rocksdb::DB* db,
           const std::vector<rocksdb::ColumnFamilyHandle*>& handles) {
  database.db.reset(db);
  database.data = handles.at(0);
  database.meta = handles.at(1);
  database.dead = handles.at(2);
  database.idempotency = handles.at(3);
}

int opening_threads(const std::filesystem::path& dir, rocksdb::Env& env) {
  std::vector<std::string> names;
  // What cannot be listed cannot be opened either, and that is told there.
  if (!env.GetChildren(dir.string(), &names).ok()) return 1;
  const auto tables = static_cast<std::size_t>(std::count_if(
      names.begin(), names.end(), [](const std::string& name) { return name.ends_with(".sst"); }));
  return static_cast<int>(std::min(1 + tables / kTablesPerThread, kOpeningThreadsMax));
}

Result<std::unique_ptr<Database>> open_database(const std::filesystem::path& dir,
                                                const Options& options, rocksdb::Env* env,
                                                const Log& log,
                                                std::shared_ptr<const DurableHeads> heads) {
  auto database = std::make_unique<Database>();
  database->env = guard_tables(*env);
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DBOptions settings = db_options(options, database->env.get(), log);
  settings.max_file_opening_threads = opening_threads(dir, *env);
  const auto opened =
      rocksdb::DB::Open(settings, dir.string(), families(options, std::move(heads)), &handles, &db);
  if (!opened.ok()) return from_opening(opened, "opening " + dir.string());
  adopt(*database, db, handles);
  return database;
}

Result<std::unique_ptr<Database>> open_for_reading(const std::filesystem::path& dir,
                                                   rocksdb::Env& env, const Log& log) {
  auto database = std::make_unique<Database>();
  database->env = guard_tables(env);
  rocksdb::DBOptions options;
  options.env = database->env.get();
  options.info_log = make_rocks_log(log);
  options.paranoid_checks = true;
  options.max_file_opening_threads = opening_threads(dir, env);
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  const std::string doing = "looking at " + dir.string();
  std::vector<std::string> names;
  rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options, dir.string(), &names);
  if (!status.ok()) return from_opening(status, doing);
  std::vector<rocksdb::ColumnFamilyDescriptor> all;
  for (const std::string& family : {rocksdb::kDefaultColumnFamilyName, std::string(kMetaFamily),
                                    std::string(kDeadFamily), std::string(kIdempotencyFamily)}) {
    if (std::find(names.begin(), names.end(), family) == names.end()) {
      return std::unique_ptr<Database>();
    }
    all.emplace_back(family, rocksdb::ColumnFamilyOptions());
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  status = rocksdb::DB::OpenForReadOnly(options, dir.string(), all, &handles, &db);
  if (!status.ok()) return from_opening(status, doing);
  adopt(*database, db, handles);
  return database;
}

rocksdb::ReadOptions scan_options(const rocksdb::Slice* lower, const rocksdb::Slice* upper) {
  rocksdb::ReadOptions read;
  read.iterate_lower_bound = lower;
  read.iterate_upper_bound = upper;
  read.verify_checksums = true;
  read.fill_cache = false;  // each entry is read once
  // The last to use a deleted file removes it: some milliseconds in which nothing would be sent.
  read.background_purge_on_iterator_cleanup = true;
  // RocksDB's own, which grows with what is read in sequence: a fixed one is read of every run that
  // a scan touches, and a short scan touches them all.
  read.readahead_size = 0;
  return read;
}

}  // namespace outbox::store

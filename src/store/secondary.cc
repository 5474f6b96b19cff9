#include "store/secondary.h"

#include <rocksdb/db.h>
#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "store/head_filter.h"
#include "store/rocks_options.h"
#include "store/rocks_status.h"
#include "store/table_guard.h"

namespace outbox::store {
namespace {

constexpr const char* kCurrent = "CURRENT";
// Each try is spoilt only by a flush or a compaction that ends just then.
constexpr int kCatchUpsMax = 200;

Result<std::filesystem::path> make_scratch() {
  std::error_code error;
  const std::filesystem::path base = std::filesystem::temp_directory_path(error);
  std::string name = (base / "outbox-reader-XXXXXX").string();
  if (error || ::mkdtemp(name.data()) == nullptr) {
    return Status(Code::kIoError, "making " + name + ": " + std::strerror(errno));
  }
  return std::filesystem::path(name);
}

}  // namespace

Status no_outbox(const std::filesystem::path& dir, const std::string& why) {
  return {Code::kNotFound, dir.string() + " is not an outbox: " + why};
}

Result<std::unique_ptr<Secondary>> Secondary::open(const std::filesystem::path& dir,
                                                   const Options& options, rocksdb::Env& env,
                                                   const Log& log) {
  const rocksdb::Status current = env.FileExists((dir / kCurrent).string());
  if (current.IsNotFound()) return no_outbox(dir, "there is no database in it");
  if (!current.ok()) return from_rocks(current, "looking at " + dir.string());
  auto scratch = make_scratch();
  if (!scratch.ok()) return scratch.status();
  std::unique_ptr<Secondary> secondary(new Secondary(dir, *scratch, env));
  Status opened = secondary->open_database(options, log);
  if (!opened.ok()) return opened;
  return secondary;
}

Secondary::~Secondary() {
  database_.reset();  // it works in there
  std::error_code ignored;
  std::filesystem::remove_all(scratch_, ignored);
}

Status Secondary::open_database(const Options& options, const Log& log) {
  auto database = std::make_unique<Database>();
  database->env = guard_tables(env_);
  rocksdb::DBOptions db_settings = db_options(options, database->env.get(), log);
  db_settings.create_if_missing = false;
  db_settings.create_missing_column_families = false;
  db_settings.max_file_opening_threads = opening_threads(dir_, env_);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = rocksdb::DB::OpenAsSecondary(
      db_settings, dir_.string(), scratch_.string(),
      families(options, std::make_shared<DurableHeads>()), &handles, &db);
  // Families that are not there: another program's database, or a store that
  // is being created just now.
  if (opened.IsInvalidArgument()) return no_outbox(dir_, opened.ToString());
  if (!opened.ok()) return from_rocks(opened, "reading along in " + dir_.string());
  adopt(*database, db, handles);
  database_ = std::move(database);
  return {};
}

/// Differs when files were added to or removed from the database in between.
Result<std::string> Secondary::manifest_mark() const {
  std::string name;
  std::uint64_t bytes = 0;
  rocksdb::Status status = rocksdb::ReadFileToString(&env_, (dir_ / kCurrent).string(), &name);
  while (name.ends_with('\n')) name.pop_back();
  if (status.ok()) status = env_.GetFileSize((dir_ / name).string(), &bytes);
  if (status.IsNotFound() || status.IsPathNotFound()) return std::string();  // just replaced
  if (!status.ok()) return from_rocks(status, "reading along in " + dir_.string());
  return name + " " + std::to_string(bytes);
}

/// RocksDB reads the MANIFEST first and the WALs after it. A memtable flushed between the two is
/// in neither (its WAL is gone, its file not known yet) and would look like missing entries.
Status Secondary::catch_up() {
  for (int i = 0; i < kCatchUpsMax; ++i) {
    const Result<std::string> before = manifest_mark();
    if (!before.ok()) return before.status();
    const rocksdb::Status caught_up = database_->db->TryCatchUpWithPrimary();
    const Result<std::string> after = manifest_mark();
    if (!after.ok()) return after.status();
    if (before->empty() || *before != *after) continue;
    return from_rocks(caught_up, "reading along in " + dir_.string());
  }
  return {Code::kTimeout, dir_.string() + " changes faster than it can be read along; ask again"};
}

}  // namespace outbox::store

#include "store/verify.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "store/durable_tail.h"
#include "store/lane_ends.h"
#include "store/rocks_options.h"
#include "store/rocks_status.h"
#include "store/secondary.h"
#include "store/store.h"
#include "store/store_version.h"
#include "store/verify_files.h"
#include "store/verify_lane.h"
#include "store/views.h"
#include "store/wal_cut_view.h"

namespace outbox::store {
namespace {

constexpr const char* kCurrent = "CURRENT";

/// What is left of one counts: a table is enough.
bool is_outbox(rocksdb::Env& env, const std::filesystem::path& dir) {
  std::vector<std::string> names;
  if (!env.GetChildren(dir.string(), &names).ok()) return false;
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name == kCurrent || name == DurableTail::kFileName || name.ends_with(".sst");
  });
}

/// Not a secondary instance: that one passes over a table that is gone.
Result<std::unique_ptr<Database>> open_offline(const std::filesystem::path& dir,
                                               const Options& options, rocksdb::Env& env) {
  rocksdb::DBOptions settings = db_options(options, &env, null_logger());
  settings.create_if_missing = false;
  settings.create_missing_column_families = false;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(
      settings, dir.string(), families(options, std::make_shared<DurableHeads>()), &handles, &db);
  if (!status.ok()) return from_rocks(status, "reading the database");
  auto database = std::make_unique<Database>();
  adopt(*database, db, handles);
  return database;
}

Status verify_database(const Database& database, const DurableTail::Lanes& durable,
                       const VerifyProgress& progress, VerifyReport& report) {
  const auto version = read_meta(database, meta::kVersion);
  if (!version.ok()) return version.status();
  if (Status known = check_store_version(*version); !known.ok()) return known;
  const auto lanes = load_lanes(database);
  if (!lanes.ok()) return lanes.status();
  DurableTail::Lanes unknown = durable;
  for (const StoredLane& lane : *lanes) {
    const auto found = unknown.find(lane.id);
    const Seq through = found == unknown.end() ? 0 : found->second;
    if (found != unknown.end()) unknown.erase(found);
    verify_lane(database, lane, through, progress, report);
  }
  for (const auto& [lane, seq] : unknown) {
    report.damage.push_back({"lane " + std::to_string(lane), "entries 1.." + std::to_string(seq) +
                                                                 " were durable and are missing"});
  }
  return read_purges(database).status();
}

}  // namespace

Result<VerifyReport> verify(const std::filesystem::path& dir, const Options& options,
                            rocksdb::Env& env, const VerifyProgress& progress) {
  if (!is_outbox(env, dir)) return no_outbox(dir, "there is no database in it");
  VerifyReport report;
  const auto add = [&](const std::string& where, const Status& status) {
    if (!status.ok()) report.damage.push_back({where, status.message()});
  };
  const bool held = !holder(dir).empty();
  // Before the entries are: beside a running process they may only be ahead of it.
  const auto durable = DurableTail::load(env, dir);
  add(DurableTail::kFileName, durable.status());
  const DurableTail::Lanes tails = durable.ok() ? *durable : DurableTail::Lanes{};
  if (env.FileExists((dir / kCurrent).string()).IsNotFound()) {
    report.damage.push_back({kCurrent, "is gone; the entries cannot be found without it"});
  }
  if (held) {
    const auto live = Secondary::open(dir, options, env, null_logger());
    Status status = live.ok() ? (*live)->catch_up() : live.status();
    if (status.ok()) status = verify_database((*live)->database(), tails, progress, report);
    // Its process changes files all the while; that is no damage.
    if (status.code() == Code::kTimeout) return status;
    add(dir.string(), status);
    return report;
  }
  const CheckedWals wals = verify_files(env, dir, report);
  const std::unique_ptr<rocksdb::Env> view = view_with_cuts(env, dir, wals.torn);
  const auto database = open_offline(dir, options, *view);
  add(dir.string(),
      database.ok() ? verify_database(**database, tails, progress, report) : database.status());
  const auto ends = read_ends(*view, dir, null_logger());
  if (ends.ok()) add("WALs", check_wal_chain(dir, wals.spans, ends->oldest_wal));
  if (!database.ok()) report.notes.emplace_back("the entries were not checked one by one");
  return report;
}

}  // namespace outbox::store

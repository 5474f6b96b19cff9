#include "store/verify.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "store/durable_tail.h"
#include "store/lane_ends.h"
#include "store/remedy.h"
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

bool holds_tables(rocksdb::Env& env, const std::filesystem::path& dir) {
  std::vector<std::string> names;
  return env.GetChildren(dir.string(), &names).ok() &&
         std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return name.ends_with(".sst"); });
}

void add_missing(const DurableTail::Lanes& lanes, VerifyReport& report) {
  for (const auto& [lane, seq] : lanes) {
    report.add("lane " + std::to_string(lane),
               "entries 1.." + std::to_string(seq) + " were durable and are missing");
  }
}

/// A MANIFEST that does not know all families is of an outbox whose creation was cut short, in
/// which nothing was ever written; or it is damaged.
void verify_unfinished(rocksdb::Env& env, const std::filesystem::path& dir,
                       const DurableTail::Lanes& tails, const CheckedWals& wals,
                       VerifyReport& report) {
  add_missing(tails, report);
  if (!wals.spans.empty() || holds_tables(env, dir)) {
    report.add("MANIFEST", "does not know all families, though there are tables or WALs");
  }
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
  add_missing(unknown, report);
  return read_purges(database).status();
}

/// Its process changes files all the while, so only what is in them is looked at.
Status verify_held(const std::filesystem::path& dir, const Options& options, rocksdb::Env& env,
                   const DurableTail::Lanes& tails, const VerifyProgress& progress,
                   VerifyReport& report) {
  const auto live = Secondary::open(dir, options, env, null_logger());
  Status status = live.ok() ? (*live)->catch_up() : live.status();
  if (status.ok()) status = verify_database((*live)->database(), tails, progress, report);
  if (status.code() == Code::kTimeout) return status;
  report.add(dir.string(), status);
  return {};
}

/// Not by a secondary instance: that one passes over a table that is gone.
Status verify_offline(const std::filesystem::path& dir, rocksdb::Env& env,
                      const DurableTail::Lanes& tails, const VerifyProgress& progress,
                      VerifyReport& report) {
  const CheckedWals wals = verify_wals(env, dir, report);
  const std::unique_ptr<rocksdb::Env> view = view_with_cuts(env, dir, wals.torn);
  const auto database = open_for_reading(dir, *view, null_logger());
  verify_tables(env, dir, database.ok() ? database->get() : nullptr, report);
  if (!database.ok() || *database == nullptr) {
    report.add(dir.string(), database.status());
    if (database.ok()) verify_unfinished(env, dir, tails, wals, report);
    report.notes.emplace_back("the entries were not checked one by one");
    return {};
  }
  report.add(dir.string(), verify_database(**database, tails, progress, report));
  const auto ends = read_ends(**database);
  report.add(dir.string(), ends.status());
  if (ends.ok()) report.add("WALs", check_wal_chain(dir, wals.spans, ends->oldest_wal));
  return {};
}

}  // namespace

bool is_outbox(rocksdb::Env& env, const std::filesystem::path& dir) {
  return env.FileExists((dir / kCurrent).string()).ok() ||
         env.FileExists((dir / DurableTail::kFileName).string()).ok() || holds_tables(env, dir);
}

void VerifyReport::add(const std::string& where, std::string what) {
  // The words of a refusal, but for the command that is running.
  if (const auto at = what.find(unchanged()); at != std::string::npos) {
    what.erase(at, unchanged().size());
  } else if (const auto hint = what.find(kRunVerify); hint != std::string::npos) {
    what.erase(hint, std::string_view(kRunVerify).size());
  }
  ++found;
  if (damage.size() < kDamageListedMax) damage.push_back({where, std::move(what)});
}

void VerifyReport::add(const std::string& where, const Status& status) {
  if (status.ok()) return;
  if (status.code() != Code::kUnknownVersion) return add(where, status.message());
  if (unknown_version.ok()) unknown_version = status;
}

Result<VerifyReport> verify(const std::filesystem::path& dir, const Options& options,
                            rocksdb::Env& env, const VerifyProgress& progress) {
  if (!is_outbox(env, dir)) return no_outbox(dir, "there is no database in it");
  VerifyReport report;
  // Before the entries are: beside a running process they may only be ahead of it.
  const auto durable = DurableTail::load(env, dir);
  report.add(DurableTail::kFileName, durable.status());
  const DurableTail::Lanes tails = durable.ok() ? *durable : DurableTail::Lanes{};
  if (env.FileExists((dir / kCurrent).string()).IsNotFound()) {
    report.add(kCurrent, "is gone; the entries cannot be found without it");
  }
  Status status = holder(dir).empty() ? verify_offline(dir, env, tails, progress, report)
                                      : verify_held(dir, options, env, tails, progress, report);
  if (status.ok()) status = report.unknown_version;
  if (!status.ok()) return status;
  return report;
}

}  // namespace outbox::store

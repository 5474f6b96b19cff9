#include "store/recovery.h"

#include <rocksdb/env.h>

#include <algorithm>

#include "base/mutant.h"
#include "store/lane_ends.h"
#include "store/remedy.h"
#include "store/rocks_status.h"
#include "store/wal_check.h"
#include "store/wal_cut_view.h"

namespace outbox::store {

namespace {

constexpr const char* kCurrent = "CURRENT";
constexpr const char* kTableSuffix = ".sst";

/// A database without a durable-tail, or the other way round.
Status mismatch(const std::filesystem::path& dir, const std::string& what) {
  return {Code::kCorruption, dir.string() + " " + what + unchanged()};
}

/// A crash while a store is created may leave a few of RocksDB's files, but
/// neither tables nor a durable-tail with entries.
Result<Recovered> recover_fresh(const std::filesystem::path& dir, rocksdb::Env& env,
                                const Result<DurableTail::Lanes>& durable) {
  if (durable.ok() && !durable->empty()) {
    return mismatch(dir, "has a durable-tail file with entries and no database (CURRENT is gone)");
  }
  std::vector<std::string> names;
  const rocksdb::Status listed = env.GetChildren(dir.string(), &names);
  if (!listed.ok()) return from_rocks(listed, "listing " + dir.string());
  for (const std::string& name : names) {
    if (!name.ends_with(kTableSuffix)) continue;
    return mismatch(dir, "holds " + name + " and no database (CURRENT is gone)");
  }
  Recovered recovered;
  recovered.fresh = true;
  return recovered;
}

/// The ranges of a refusal.
class Missing {
 public:
  void add(const std::string& of, Seq from, Seq through) {
    if (through < from) return;
    if (!text_.empty()) text_ += "; ";
    text_ += of + ": entries " + std::to_string(from) + ".." + std::to_string(through) +
             " were durable and are missing";
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

Result<Recovered> recover(const std::filesystem::path& dir, rocksdb::Env& env, const Log& log) {
  const Result<DurableTail::Lanes> durable = DurableTail::load(env, dir);
  const bool no_tail = !durable.ok() && durable.status().code() == Code::kNotFound;
  if (!durable.ok() && !no_tail) return durable.status();
  if (env.FileExists((dir / kCurrent).string()).IsNotFound())
    return recover_fresh(dir, env, durable);
  if (no_tail) {
    return mismatch(
        dir, "holds a database and no durable-tail file: it is no outbox, or the file was removed");
  }

  Result<CheckedWals> wals = check_wals(env, dir);
  if (mutant(Mutant::kDefaultWalRecovery)) wals = CheckedWals();
  if (!wals.ok()) return wals.status();
  // What would be there after the cut is looked at before anything is cut.
  const std::unique_ptr<rocksdb::Env> view = view_with_cuts(env, dir, wals->torn);
  const auto database = open_for_reading(dir, *view, log);
  if (!database.ok()) return database.status();
  const Result<StoreEnds> ends = *database ? read_ends(**database) : StoreEnds();
  if (!ends.ok()) return ends.status();
  Status chained = check_wal_chain(dir, wals->spans, ends->oldest_wal);
  if (!chained.ok()) return chained;
  Status complete = compare_with_durable_tail(*durable, ends->lanes);
  if (!complete.ok()) return complete;

  Recovered recovered;
  recovered.durable = *durable;
  for (const TornWal& wal : wals->torn) {
    Status cut = cut_torn_tail(env, dir, wal);
    if (!cut.ok()) return cut;
    if (!recovered.warning.empty()) recovered.warning += "; ";
    recovered.warning += describe_cut(wal);
  }
  if (!recovered.warning.empty()) log->warn("{}: {}", dir.string(), recovered.warning);
  return recovered;
}

Status compare_with_durable_tail(const DurableTail::Lanes& durable, std::span<const LaneEnd> ends) {
  if (mutant(Mutant::kDurableTailUnchecked)) return {};
  DurableTail::Lanes unknown = durable;
  Missing missing;
  for (const LaneEnd& end : ends) {
    const std::string name = "topic " + end.topic;
    const auto found = unknown.find(end.lane);
    Seq was = end.recorded_tail;
    if (found != unknown.end()) was = std::max(was, found->second);
    unknown.erase(end.lane);
    missing.add(name, end.gap_from, end.gap_through);
    missing.add(name, std::max(end.last, end.gap_through) + 1, was);
  }
  for (const auto& [lane, seq] : unknown) missing.add("lane " + std::to_string(lane), 1, seq);
  if (missing.text().empty()) return {};
  return {Code::kCorruption, missing.text() + unchanged()};
}

}  // namespace outbox::store

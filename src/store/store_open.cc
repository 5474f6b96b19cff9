#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <cstdio>
#include <random>

#include "base/mutant.h"
#include "base/step.h"
#include "store/recovery.h"
#include "store/rocks_options.h"
#include "store/rocks_status.h"
#include "store/session.h"
#include "store/store_impl.h"
#include "store/store_version.h"
#include "store/sync_directory.h"
#include "store/validate.h"
#include "store/views.h"

namespace outbox::store {
namespace {

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string random_id() {
  std::random_device random;
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%08x", random());
  return text.data();
}

std::string big(std::uint64_t number) {
  std::string out;
  append_big(out, number);
  return out;
}

/// The directory, made if asked for.
Status ready_directory(rocksdb::Env& env, const std::filesystem::path& dir,
                       const Options& options) {
  if (env.FileExists(dir.string()).ok()) return {};
  if (!options.create_if_missing) {
    return {Code::kNotFound, dir.string() + " does not exist"};
  }
  return from_rocks(env.CreateDirIfMissing(dir.string()), "making " + dir.string());
}

/// Version, id and session; a new store gets them here.
Status identify(Database& database, const Clock& clock, bool fresh, StoreImpl::Opened& opened) {
  rocksdb::WriteBatch batch;
  SessionId last_session = 0;
  if (fresh) {
    opened.outbox_id = random_id();
    batch.Put(database.meta, std::string(meta::kVersion), big(kStoreVersion));
    batch.Put(database.meta, std::string(meta::kOutboxId), opened.outbox_id);
  } else {
    const auto version = read_meta(database, meta::kVersion);
    const auto id = read_meta(database, meta::kOutboxId);
    const auto session = read_meta(database, meta::kSession);
    for (const Status& status : {version.status(), id.status(), session.status()}) {
      if (status.code() == Code::kNotFound) {
        return {Code::kCorruption, "the store has no identity (" + status.message() + ")"};
      }
      if (!status.ok()) return status;
    }
    if (Status known = check_store_version(*version); !known.ok()) return known;
    opened.outbox_id = *id;
    if (session->size() == 8) last_session = get_big<std::uint64_t>(session->data());
  }
  if (mutant(Mutant::kSessionRepeated)) last_session = 0;
  opened.session = next_session(clock.wall_ms(), last_session, std::random_device{}());
  batch.Put(database.meta, std::string(meta::kSession), big(opened.session));
  return from_rocks(database.db->Write(durable_write(), &batch), "opening a session");
}

/// About how many bytes the entries take that came after the lane's record was
/// written; from the tables' indexes, not by reading them.
std::uint64_t unrecorded_bytes(const Database& database, const StoredLane& stored) {
  if (stored.last <= stored.record.tail) return 0;
  const std::string from = entry_key(stored.id, stored.record.tail + 1);
  const std::string to = entry_key(stored.id, stored.last + 1);
  const rocksdb::Range range(from, to);
  rocksdb::SizeApproximationOptions both;
  both.include_memtables = true;
  std::uint64_t bytes = 0;
  const auto sized = database.db->GetApproximateSizes(both, database.data, &range, 1, &bytes);
  return sized.ok() ? bytes : 0;  // an estimate for a limit; damage is found by who reads
}

/// Lanes as they were left, and the lower bound of every next number.
void restore_lane(const Database& database, const StoredLane& stored, Seq durable, LaneTable& lanes,
                  DurableHeads& heads) {
  Lane& lane = lanes.restore(stored.id, stored.topic);
  const std::lock_guard lock(lane.mutex);
  lane.record = stored.record;
  // Counted here because each of them is there, one by one, above the recorded tail.
  lane.record.appended += stored.last - std::min(stored.last, stored.record.tail);
  lane.record.appended_bytes += unrecorded_bytes(database, stored);
  lane.record.tail = stored.last;
  lane.tail = stored.last;
  lane.given = std::max({stored.last, stored.record.progress.head - 1, durable});
  lane.next = lane.given + 1;
  lane.durable_head = stored.record.progress.head;
  lane.durable_settled = stored.record.progress.settled_entries();
  lane.durable_settled_bytes = lane.record.settled_bytes;
  heads.set(stored.id, stored.record.progress.head);
  const std::uint64_t pending_bytes =
      lane.record.appended_bytes - std::min(lane.record.appended_bytes, lane.record.settled_bytes);
  lane.bytes.restart(stored.record.progress.head, stored.last, pending_bytes);
  lane.placement = stored.placement;
  lane.limits = stored.limits;
}

/// Everything behind the lock and the WAL check.
Status open_files(const std::filesystem::path& dir, const Options& options, rocksdb::Env& env,
                  const Clock& clock, const Log& log, const Recovered& recovered,
                  StoreImpl::Opened& opened) {
  if (recovered.fresh) {
    // Without this a power cut may take the directory's name, and every entry with it.
    const auto parent = std::filesystem::absolute(dir / ".").parent_path().parent_path();
    if (Status status = sync_directory(env, parent); !status.ok()) return status;
    auto tail = DurableTail::start(env, dir, {});
    if (!tail.ok()) return tail.status();
  }
  opened.heads = std::make_shared<DurableHeads>();
  auto database = open_database(dir, options, &env, log, opened.heads);
  if (!database.ok()) return database.status();
  opened.database = std::move(*database);

  auto stored = load_lanes(*opened.database);
  if (!stored.ok()) return stored.status();
  std::vector<LaneEnd> ends;
  DurableTail::Lanes tails;
  for (const StoredLane& lane : *stored) {
    ends.push_back({lane.id, lane.topic, lane.last});
    tails[lane.id] = lane.last;
  }
  if (Status status = compare_with_durable_tail(recovered.durable, ends); !status.ok()) {
    return status;
  }
  const bool fresh = read_meta(*opened.database, meta::kVersion).status().code() == Code::kNotFound;
  if (fresh && !stored->empty()) return {Code::kCorruption, "the store has lanes and no version"};
  if (Status status = identify(*opened.database, clock, fresh, opened); !status.ok()) return status;
  opened.lanes = std::make_unique<LaneTable>(options.lanes_max);
  for (const StoredLane& lane : *stored) {
    const auto durable = recovered.durable.find(lane.id);
    restore_lane(*opened.database, lane, durable == recovered.durable.end() ? 0 : durable->second,
                 *opened.lanes, *opened.heads);
  }
  const auto next_purge = next_purge_number(*opened.database);
  if (!next_purge.ok()) return next_purge.status();
  opened.next_purge = *next_purge;
  auto tail = DurableTail::start(env, dir, tails);
  if (!tail.ok()) return tail.status();
  opened.durable_tail = std::move(*tail);
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& dir, Options options,
                                           StoreSeams seams) {
  if (Status status = validate(options); !status.ok()) return status;
  rocksdb::Env& env = seams.env != nullptr ? *seams.env : *rocksdb::Env::Default();
  const Clock& clock = seams.clock != nullptr ? *seams.clock : system_clock();
  const Log log = logger_or_null(options.logger);
  if (Status status = ready_directory(env, dir, options); !status.ok()) return status;

  StoreImpl::Opened opened;
  auto lock = HolderLock::acquire(dir, options.open_deadline_ms);
  if (!lock.ok()) return lock.status();
  opened.lock = std::move(*lock);
  reach(Step::kOpening);
  const auto recovered = recover(dir, env, log);
  if (!recovered.ok()) return recovered.status();
  if (Status status = open_files(dir, options, env, clock, log, *recovered, opened); !status.ok()) {
    return status;
  }
  if (seams.opened) seams.opened(*opened.database);
  auto store =
      std::make_unique<StoreImpl>(dir, std::move(options), env, clock, log, std::move(opened));
  reach(Step::kOpened);
  if (Status status = store->restore(); !status.ok()) return status;
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace outbox::store

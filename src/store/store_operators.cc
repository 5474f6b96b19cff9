#include <algorithm>
#include <optional>

#include "base/check.h"
#include "base/mutant.h"
#include "base/placement.h"
#include "store/rocks_status.h"
#include "store/store_impl.h"
#include "store/validate.h"
#include "store/views.h"

namespace outbox::store {
namespace {

constexpr const char* kRequeuedHeader = "outbox-requeued-from";
constexpr std::size_t kScanEntries = 10'000;
constexpr std::size_t kScanBytes = std::size_t{4} << 20;

}  // namespace

Result<Lane*> StoreImpl::find_lane(const std::string& topic) const {
  if (Lane* lane = lanes_->find(topic); lane != nullptr && lane->tail > 0) return lane;
  return Status(Code::kNotFound, "nothing was ever appended to topic " + topic);
}

StoredLane StoreImpl::snapshot(const Lane& lane) const {
  StoredLane stored;
  stored.id = lane.id;
  stored.topic = lane.topic;
  const std::lock_guard lock(lane.mutex);
  stored.record = lane.record;
  stored.last = lane.record.tail;
  stored.placement = lane.placement;
  stored.limits = lane.limits;
  return stored;
}

Result<Stats> StoreImpl::stats() const {
  Stats stats;
  stats.outbox_id = outbox_id_;
  stats.session = session_;
  for (const Lane* lane : lanes_->all()) {
    if (lane->tail == 0) continue;
    auto numbers = lane_stats(*database_, snapshot(*lane), clock_.wall_ms());
    if (!numbers.ok()) return numbers.status();
    numbers->state = writer_.with_drainer([&](const Drainer* drainer) {
      return drainer != nullptr ? drainer->lane_state(lane->id) : std::string("no relay");
    });
    stats.ledger += numbers->ledger;
    stats.lanes.push_back(std::move(*numbers));
  }
  stats.disk_bytes = directory_bytes(dir_);
  return stats;
}

Result<std::vector<StoredEntry>> StoreImpl::peek(const std::string& topic, Seq from,
                                                 std::size_t count) const {
  const auto lane = find_lane(topic);
  if (!lane.ok()) return lane.status();
  for (;;) {
    const StoredLane now = snapshot(**lane);
    const Seq start = std::max(from, now.record.progress.head);
    if (start > now.last) return std::vector<StoredEntry>();
    auto entries = read_entries(*database_, now.id, topic, start, now.last, {count});
    // A gap below the present head is no damage: the entries were settled and dropped meanwhile.
    if (entries.ok() || entries.status().code() != Code::kCorruption) return entries;
    if (snapshot(**lane).record.progress.head <= start) return entries;
  }
}

Result<std::vector<DeadLetter>> StoreImpl::dead_letters(const std::string& topic, Seq from,
                                                        std::size_t count) const {
  if (Status status = check_dead_list(topic, from); !status.ok()) return status;
  std::vector<DeadLetter> letters;
  ListRoom room{count};
  for (const Lane* lane : lanes_->all()) {
    if (!topic.empty() && lane->topic != topic) continue;
    Status status = read_dead_letters(*database_, lane->id, lane->topic, from, room, letters);
    if (!status.ok()) return status;
  }
  return letters;
}

Result<DeadLetter> StoreImpl::dead_letter(const std::string& topic, Seq seq) const {
  const auto lane = find_lane(topic);
  if (!lane.ok()) return lane.status();
  return read_dead_letter(*database_, (*lane)->id, topic, seq);
}

Result<Appended> StoreImpl::requeue(const std::string& topic, Seq seq) {
  const auto lane = find_lane(topic);
  if (!lane.ok()) return lane.status();
  auto letter = dead_letter(topic, seq);
  if (!letter.ok()) return letter.status();
  if (letter->requeued_as != 0) {
    return Status(Code::kInvalidArgument, "dead letter " + std::to_string(seq) + " of topic " +
                                              topic + " was requeued as " +
                                              std::to_string(letter->requeued_as));
  }
  Message message = std::move(letter->entry.message);
  message.headers.push_back(
      {kRequeuedHeader, session_prefix(outbox_id_, letter->entry.session) + std::to_string(seq)});
  CommitRequest request;
  Target target;
  if (Status status = fill(request, message, {}, target); !status.ok()) return status;
  if (Status status = admit(request); !status.ok()) return status;
  // Not before admit(): whoever makes room may need it.
  const std::lock_guard one_at_a_time(operators_mutex_);
  auto dead = read_dead_record(*database_, (*lane)->id, topic, seq);
  if (!dead.ok()) request.status = dead.status();
  if (dead.ok() && dead->requeued_as != 0) {
    request.status = Status(Code::kInvalidArgument, "requeued by somebody else");
  }
  request.also = [&](rocksdb::WriteBatch& batch, std::span<const CommitItem> items) {
    if (!mutant(Mutant::kRequeueUnmarked)) dead->requeued_as = items[0].appended.seq;
    OUTBOX_CHECK(batch.Put(database_->dead, entry_key((*lane)->id, seq), encode(*dead)).ok());
    progress_.update(**lane, [](LaneRecord& record) {
      --record.dead;
      ++record.requeued;
    });
  };
  request.with_progress = true;
  committer_.commit(request);
  withdraw(request);
  if (!request.status.ok()) return request.status;
  return request.items.front().appended;
}

void StoreImpl::put_purge(rocksdb::WriteBatch& batch, const PurgeRecord& record) {
  const std::string key = meta::key(meta::kPurgePrefix, next_purge_++);
  OUTBOX_CHECK(batch.Put(database_->meta, key, encode(record)).ok());
}

Status StoreImpl::drop_dead_letter(const std::string& topic, Seq seq, const std::string& who) {
  const auto lane = find_lane(topic);
  if (!lane.ok()) return lane.status();
  const PurgeRecord record{topic, seq, seq, 1, clock_.wall_ms(), who};
  const std::lock_guard one_at_a_time(operators_mutex_);
  const auto dead = read_dead_record(*database_, (*lane)->id, topic, seq);
  if (!dead.ok()) return dead.status();
  CommitRequest request;
  request.also = [&](rocksdb::WriteBatch& batch, std::span<const CommitItem>) {
    OUTBOX_CHECK(batch.Delete(database_->dead, entry_key((*lane)->id, seq)).ok());
    // One that was requeued lives on as another entry: nothing is given up.
    if (dead->requeued_as != 0) return;
    progress_.update(**lane, [](LaneRecord& counters) {
      --counters.dead;
      ++counters.purged;
    });
    put_purge(batch, record);
  };
  request.with_progress = true;
  committer_.commit(request);
  return request.status;
}

Result<PurgeRecord> StoreImpl::record_purge(LaneId lane_id, PurgeRecord record,
                                            const Progress& progress) {
  Lane* const lane = lanes_->find(lane_id);
  CommitRequest request;
  request.also = [&](rocksdb::WriteBatch& batch, std::span<const CommitItem>) {
    put_purge(batch, record);
    progress_.update(*lane, [&](LaneRecord& counters) {
      counters.progress = progress;
      counters.purged += record.count;
    });
  };
  request.with_progress = true;
  committer_.commit(request);
  if (!request.status.ok()) return request.status;
  return record;
}

Result<PurgeRecord> StoreImpl::purge(const std::string& topic, Seq through,
                                     const std::string& who) {
  const auto lane = find_lane(topic);
  if (!lane.ok()) return lane.status();
  std::optional<Result<PurgeRecord>> alone;
  {
    const std::lock_guard one_at_a_time(operators_mutex_);
    const bool drained = writer_.with_drainer([](const Drainer* drainer) { return drainer; });
    if (!drained) alone = purge_alone(**lane, through, who);
  }
  if (alone) {
    // Without the mutex: a callback may be an operator too.
    if (alone->ok()) {
      callbacks_.settle_range((*lane)->id, (*alone)->from, (*alone)->through,
                              {topic, 0, Dead{"purged"}});
    }
    return *alone;
  }
  return writer_.with_drainer([&](Drainer* drainer) -> Result<PurgeRecord> {
    if (drainer == nullptr) return Status(Code::kClosed, "the relay has just stopped; try again");
    return drainer->purge(topic, through, who);
  });
}

/// Nobody drains: what is pending is what the progress vector does not cover.
Result<PurgeRecord> StoreImpl::purge_alone(Lane& lane, Seq through, const std::string& who) {
  const StoredLane now = snapshot(lane);
  Progress progress = now.record.progress;
  const Seq end = through == 0 ? now.last : std::min(through, now.last);
  PurgeRecord record{lane.topic, progress.head, end, 0, clock_.wall_ms(), who};
  if (end < progress.head) {
    return Status(Code::kNotFound,
                  "topic " + lane.topic + " has nothing pending up to " + std::to_string(end));
  }
  std::uint64_t settled_in_range = progress.settled_above_head;
  if (end < now.last && settled_in_range > 0) {
    const auto counted = settled_between(now, progress.head, end);
    if (!counted.ok()) return counted.status();
    settled_in_range = *counted;
  }
  record.count = end - progress.head + 1 - settled_in_range;
  progress.head = end + 1;
  progress.settled_above_head -= settled_in_range;
  return record_purge(lane.id, record, progress);
}

/// Entries of from..through that the vector covers.
Result<std::uint64_t> StoreImpl::settled_between(const StoredLane& lane, Seq from, Seq through) {
  std::uint64_t settled = 0;
  for (Seq at = from; at <= through;) {
    const auto slab = read(lane.id, at, kScanEntries, kScanBytes);
    if (!slab.ok()) return slab.status();
    for (const SlabEntry& entry : (*slab)->entries()) {
      if (entry.seq > through) break;
      const auto record = decode(entry.record, lane.id, entry.seq);
      if (!record.ok()) return record.status();
      const auto partition = place(lane.placement, entry.seq, record->key, record->partition);
      if (partition && lane.record.progress.settled(*partition, entry.seq)) ++settled;
    }
    at = (*slab)->entries().back().seq + 1;
  }
  return settled;
}

}  // namespace outbox::store

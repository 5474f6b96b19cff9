#include "store/group_writer.h"

#include <string>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "base/step.h"
#include "store/meta.h"
#include "store/rocks_options.h"
#include "store/rocks_status.h"

namespace outbox::store {
namespace {

/// As Store::health promises: a full disk is told apart from all the rest.
Status poisoned_by(const Status& why) {
  const Code code = why.code() == Code::kDiskFull ? Code::kDiskFull : Code::kPoisoned;
  return {code, "the outbox stopped after: " + why.to_string()};
}

}  // namespace

void GroupWriter::write(Group& group, bool with_progress) noexcept {
  if (poisoned_ && !mutant(Mutant::kPoisonIgnored)) {
    return fail(group.requests, {Code::kPoisoned, health().message()});
  }
  with_progress = complete(group) || with_progress;
  std::vector<ProgressBook::Written> written;
  Status status = with_progress ? add_progress(group, written) : Status();
  if (status.ok() && group.slab->batch().Count() > 0) status = sync(group);
  reach(Step::kTailNoted);
  if (!status.ok()) {
    poison(status);
    return fail(group.requests, {Code::kIndeterminate, status.message()});
  }
  parts_.progress.durable(written);
  publish(group);
  reach(Step::kPublished);
  if (written.empty()) return;
  reach(Step::kHeadDurable);
  with_drainer([](Drainer* drainer) {
    if (drainer != nullptr) drainer->on_recorded();
  });
}

/// What is only known or wanted now that the group is closed. Answers whether progress must go
/// with it.
bool GroupWriter::complete(Group& group) {
  rocksdb::WriteBatch& batch = group.slab->batch();
  for (std::size_t i = 0; i < group.touched.size(); ++i) {
    const Group::Touched& touched = group.touched[i];
    if (touched.entries == 0) continue;
    Lane& lane = *touched.lane;
    lane.given = touched.through();
    lane.written_by_group = group.number;
    lane.written_index = i;
    if (lane.registered) continue;
    const std::string key = meta::key(meta::kTopicPrefix, lane.id);
    OUTBOX_CHECK(batch.Put(parts_.database.meta, key, lane.topic).ok());
  }
  bool with_progress = false;
  for (CommitRequest* request : group.requests) {
    with_progress = with_progress || request->with_progress;
    if (request->also && request->status.ok()) request->also(batch, request->items.all());
  }
  return with_progress;
}

Status GroupWriter::sync(Group& group) {
  group.slab->seal();
  reach(Step::kGroupBegun);
  const auto wrote = parts_.database.db->Write(durable_write(), &group.slab->batch());
  Status status = from_rocks(wrote, "writing a group of entries");
  reach(Step::kSynced);
  if (!status.ok()) return status;
  const Status tail = record_tail(group);
  if (parts_.sync_tail_each_group) return tail.ok() ? parts_.durable_tail.sync() : tail;
  if (!tail.ok()) tail_failed(tail);
  return {};
}

void GroupWriter::tail_failed(const Status& why) {
  if (why.code() != Code::kDiskFull) poison(why);
}

/// The lanes' records as they are when this group is on disk.
Status GroupWriter::add_progress(Group& group, std::vector<ProgressBook::Written>& written) {
  for (Lane* lane : parts_.progress.take_dirty()) {
    LaneRecord record;
    {
      const std::lock_guard lock(lane->mutex);
      record = lane->record;
      lane->dirty = false;
    }
    if (lane->written_by_group == group.number) {
      const Group::Touched& touched = group.touched[lane->written_index];
      record.appended += touched.entries;
      record.appended_bytes += touched.bytes;
    }
    record.tail = mutant(Mutant::kTailOfNextGroup) ? lane->next - 1 : lane->given;
    const auto put = group.slab->batch().Put(
        parts_.database.meta, meta::key(meta::kLanePrefix, lane->id), encode(record));
    if (!put.ok()) return from_rocks(put, "recording progress");
    written.push_back(
        {lane, record.progress.head, record.progress.settled_entries(), record.settled_bytes});
  }
  return {};
}

Status GroupWriter::record_tail(const Group& group) {
  std::vector<LaneTail> tails;
  tails.reserve(group.touched.size());
  for (const Group::Touched& touched : group.touched) {
    if (touched.entries > 0) tails.push_back({touched.lane->id, touched.through()});
  }
  if (tails.empty() || mutant(Mutant::kDurableTailUnwritten)) return {};
  return parts_.durable_tail.record(tails);
}

/// The group is durable: callbacks, counts, the drainer, the callers; in this
/// order. Once lane.tail tells of an entry a drainer may read and settle it, so
/// its callback is there before.
void GroupWriter::publish(const Group& group) {
  for (CommitRequest* request : group.requests) {
    if (request->status.ok()) register_callbacks(*request);
  }
  for (const Group::Touched& touched : group.touched) {
    if (touched.entries == 0) continue;
    Lane& lane = *touched.lane;
    lane.registered = true;
    const Seq through = touched.through();
    const std::lock_guard lock(lane.mutex);
    lane.record.appended += touched.entries;
    lane.record.appended_bytes += touched.bytes;
    lane.record.tail = through;
    lane.bytes.appended(touched.from, through, touched.bytes);
    lane.tail = through;
  }
  if (group.slab->entries().empty()) return;
  with_drainer([&](Drainer* drainer) {
    if (drainer != nullptr) drainer->on_durable(group.slab);
  });
}

void GroupWriter::register_callbacks(CommitRequest& request) {
  for (CommitItem& item : request.items.all()) {
    if (!item.on_delivered) continue;
    if (item.appended.repeated) {
      parts_.callbacks.cancel();
    } else {
      parts_.callbacks.add(item.lane->id, item.appended.seq, std::move(item.on_delivered));
    }
  }
}

void GroupWriter::fail(std::span<CommitRequest* const> requests, const Status& outcome) {
  for (CommitRequest* request : requests) {
    if (request->status.ok()) request->status = outcome;
  }
}

void GroupWriter::poison(const Status& why) {
  const std::lock_guard lock(health_mutex_);
  if (poisoned_) return;
  health_ = poisoned_by(why);
  poisoned_ = true;
  parts_.progress.end({Code::kPoisoned, health_.message()});
  parts_.log->error("the outbox accepts nothing until it is opened again: {}", why.to_string());
}

Status GroupWriter::health() const {
  if (!poisoned_) return {};
  const std::lock_guard lock(health_mutex_);
  return health_;
}

Status GroupWriter::set_drainer(Drainer* drainer) {
  const std::unique_lock lock(drainer_mutex_);
  if (drainer != nullptr && drainer_ != nullptr) {
    return {Code::kBusy, "another relay drains this outbox"};
  }
  drainer_ = drainer;
  return {};
}

}  // namespace outbox::store

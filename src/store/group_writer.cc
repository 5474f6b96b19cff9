#include "store/group_writer.h"

#include <algorithm>
#include <ranges>

#include "base/check.h"
#include "base/mutant.h"
#include "base/step.h"
#include "store/meta.h"
#include "store/rocks_options.h"
#include "store/rocks_status.h"

namespace outbox::store {
namespace {

constexpr std::size_t kSmallestBatchBytes = 4'096;
/// An entry's framing in a WriteBatch: tag, family, key and value lengths, key, CRC.
constexpr std::size_t kEntryFramingBytes = 32;

/// As Store::health promises: a full disk is told apart from all the rest.
Status poisoned_by(const Status& why) {
  const Code code = why.code() == Code::kDiskFull ? Code::kDiskFull : Code::kPoisoned;
  return {code, "the outbox stopped after: " + why.to_string()};
}

}  // namespace

void GroupWriter::commit(std::span<CommitRequest* const> group, bool with_progress) {
  if (poisoned_ && !mutant(Mutant::kPoisonIgnored)) {
    return fail(group, {Code::kPoisoned, health().message()});
  }
  ++group_number_;
  touched_.clear();
  std::size_t bytes = kSmallestBatchBytes;
  std::size_t entries = 0;
  for (const CommitRequest* request : group) {
    entries += request->items.size();
    bytes += request->bytes + request->items.size() * kEntryFramingBytes;
  }
  const auto slab = slabs_.take(bytes, entries);
  for (CommitRequest* request : group) {
    add(*request, *slab);
    with_progress = with_progress || request->with_progress;
  }

  std::vector<ProgressBook::Written> written;
  Status status = with_progress ? add_progress(*slab, written) : Status();
  if (status.ok() && slab->batch().Count() > 0) {
    slab->seal();
    reach(Step::kGroupBegun);
    status = from_rocks(parts_.database.db->Write(durable_write(), &slab->batch()),
                        "writing a group of entries");
    reach(Step::kSynced);
    if (status.ok() && parts_.sync_tail_each_group) {
      status = record_tail();
      if (status.ok()) status = parts_.durable_tail.sync();
    } else if (status.ok()) {
      if (const Status tail = record_tail(); !tail.ok() && tail.code() != Code::kDiskFull) {
        poison(tail);
      }
    }
  }
  reach(Step::kTailNoted);
  parts_.idempotency.end_group();
  if (!status.ok()) {
    poison(status);
    return fail(group, {Code::kIndeterminate, status.message()});
  }
  parts_.progress.durable(written);
  publish(group, slab);
  reach(Step::kPublished);
  if (written.empty()) return;
  reach(Step::kHeadDurable);
  with_drainer([](Drainer* drainer) {
    if (drainer != nullptr) drainer->on_recorded();
  });
}

void GroupWriter::add(CommitRequest& request, CommitSlab& slab) {
  const bool fallible =
      request.also || std::ranges::any_of(request.items.all(), [](const CommitItem& item) {
        return !item.idempotency_key.empty();
      });
  const std::size_t mark = slab.mark();
  if (fallible) slab.batch().SetSavePoint();
  request.status = add_items(request, slab);
  if (request.status.ok() && request.also) {
    request.status = request.also(slab.batch(), request.items.all());
  }
  if (!fallible) {
    OUTBOX_CHECK(request.status.ok());
  } else if (request.status.ok()) {
    [[maybe_unused]] const auto kept = slab.batch().PopSavePoint();
  } else {
    undo(request, slab, mark);
  }
}

/// Takes a request out of the group again: its numbers go to the next one.
void GroupWriter::undo(CommitRequest& request, CommitSlab& slab, std::size_t mark) {
  for (const CommitItem& item : std::views::reverse(request.items.all())) {
    if (item.appended.seq == 0 || item.appended.repeated) continue;
    --item.lane->next;
    Touched& touched = touched_[item.lane->touched_index];
    --touched.entries;
    touched.bytes -= item.record_bytes;
    if (!item.idempotency_key.empty()) parts_.idempotency.undo(item.idempotency_key);
  }
  slab.forget_after(mark);
  [[maybe_unused]] const auto undone = slab.batch().RollbackToSavePoint();
}

Status GroupWriter::add_items(CommitRequest& request, CommitSlab& slab) {
  for (CommitItem& item : request.items.all()) {
    if (Status status = add_item(item, request.copied_of(item), slab); !status.ok()) return status;
  }
  return {};
}

Status GroupWriter::add_item(CommitItem& item, std::string_view head, CommitSlab& slab) {
  Lane& lane = *item.lane;
  if (!item.idempotency_key.empty()) {
    const auto known = parts_.idempotency.find(item.idempotency_key);
    if (!known.ok()) return known.status();
    if (known->has_value()) {
      item.appended = {(*known)->seq, true};
      return {};
    }
  }
  const Seq seq = lane.next++;
  item.appended = {seq, false};
  auto put = slab.put(parts_.database.data, lane.id, seq, head, item.value, item.body_crc);
  if (touch(lane, item.record_bytes) && !lane.registered && put.ok()) {
    put =
        slab.batch().Put(parts_.database.meta, meta::key(meta::kTopicPrefix, lane.id), lane.topic);
  }
  OUTBOX_CHECK(put.ok());
  if (item.idempotency_key.empty()) return {};
  return parts_.idempotency.remember(slab.batch(), item.idempotency_key, lane.id, seq);
}

/// True: the lane's first entry in this group.
bool GroupWriter::touch(Lane& lane, std::uint64_t bytes) {
  if (lane.touched_by_group != group_number_) {
    lane.touched_by_group = group_number_;
    lane.touched_index = touched_.size();
    touched_.push_back({&lane, lane.next - 1});
  }
  Touched& touched = touched_[lane.touched_index];
  touched.bytes += bytes;
  return ++touched.entries == 1;
}

/// The lanes' records as they are when this group is on disk.
Status GroupWriter::add_progress(CommitSlab& slab, std::vector<ProgressBook::Written>& written) {
  for (Lane* lane : parts_.progress.take_dirty()) {
    LaneRecord record;
    {
      const std::lock_guard lock(lane->mutex);
      record = lane->record;
      lane->dirty = false;
    }
    if (lane->touched_by_group == group_number_) {
      const Touched& touched = touched_[lane->touched_index];
      record.appended += touched.entries;
      record.appended_bytes += touched.bytes;
    }
    record.tail = lane->next - 1;
    const auto put = slab.batch().Put(parts_.database.meta, meta::key(meta::kLanePrefix, lane->id),
                                      encode(record));
    if (!put.ok()) return from_rocks(put, "recording progress");
    written.push_back(
        {lane, record.progress.head, record.progress.settled_entries(), record.settled_bytes});
  }
  return {};
}

Status GroupWriter::record_tail() {
  std::vector<LaneTail> tails;
  tails.reserve(touched_.size());
  for (const Touched& touched : touched_) {
    if (touched.entries == 0) continue;
    tails.push_back({touched.lane->id, touched.from + touched.entries - 1});
  }
  if (tails.empty() || mutant(Mutant::kDurableTailUnwritten)) return {};
  return parts_.durable_tail.record(tails);
}

/// The group is durable: callbacks, counts, the drainer, the callers; in this
/// order. Once lane.tail tells of an entry a drainer may read and settle it, so
/// its callback is there before.
void GroupWriter::publish(std::span<CommitRequest* const> group,
                          const std::shared_ptr<CommitSlab>& slab) {
  for (CommitRequest* request : group) {
    if (request->status.ok()) register_callbacks(*request);
  }
  for (const Touched& touched : touched_) {
    if (touched.entries == 0) continue;
    Lane& lane = *touched.lane;
    lane.registered = true;
    const Seq through = touched.from + touched.entries - 1;
    const std::lock_guard lock(lane.mutex);
    lane.record.appended += touched.entries;
    lane.record.appended_bytes += touched.bytes;
    lane.record.tail = through;
    lane.bytes.appended(touched.from, through, touched.bytes);
    lane.tail = through;
  }
  if (slab->entries().empty()) return;
  with_drainer([&](Drainer* drainer) {
    if (drainer != nullptr) drainer->on_durable(slab);
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

void GroupWriter::fail(std::span<CommitRequest* const> group, const Status& outcome) {
  for (CommitRequest* request : group) {
    if (request->status.ok()) request->status = outcome;
  }
}

void GroupWriter::poison(const Status& why) {
  const std::lock_guard lock(health_mutex_);
  if (poisoned_) return;
  health_ = poisoned_by(why);
  poisoned_ = true;
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

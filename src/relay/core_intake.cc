// Which of the entries that come in the core takes, and which it reads past.
#include <algorithm>

#include "base/check.h"
#include "base/mutant.h"
#include "relay/core_state.h"

namespace outbox::relay {

bool Core::State::open(const Lane& lane) const {
  return !stopping && lane.seen && lane.recorded.count > 0 && !lane.paused &&
         (lane.unsafe.empty() || mutant(Mutant::kUnsafeSent)) && lane.halted.empty() &&
         lane.fewer == Lane::Fewer::kNo && lane.purge == Lane::Purge::kNone &&
         lane.channel == lane.target;
}

bool Core::State::taking(const Lane& lane) const {
  return open(lane) && !lane.record_wanted && (lane.stalled.empty() || now >= lane.stall_until_ms);
}

bool Core::State::stuck(const Partition& partition) const {
  return !partition.empty() && now - partition.progress_ms >= kStuckMs;
}

bool Core::State::stuck_enough(const Partition& partition) const {
  return stuck(partition) && (partition.held() >= window.entries_max() / kStuckShare ||
                              partition.held_bytes() >= window.bytes_max() / kStuckShare ||
                              window.at_cap(partition.held(), partition.held_bytes()));
}

bool Core::State::another_flows(const Lane& lane, const Partition& partition) const {
  if (!is_connected || !channel(lane.channel).ready) return false;
  for (std::size_t i = 0; i < lane.leaders.size(); ++i) {
    const auto id = static_cast<std::int32_t>(i);
    if (lane.leaders[i] < 0 || id == partition.id) continue;
    const Partition* other = lane.find(id);
    if (other == nullptr || !stuck(*other)) return true;
  }
  return false;
}

std::size_t Core::State::stray_cap(const Lane& lane) const {
  const bool verified =
      lane.stray_since_ms >= 0 && now - lane.stray_since_ms >= options.unknown_topic_grace_ms;
  return verified ? kStrayHeldMax : 1;
}

Intake Core::State::past_or_block(const Lane& lane, const Partition& partition) const {
  return another_flows(lane, partition) ? Intake::kPast : Intake::kBlock;
}

Intake Core::State::decide(Lane& lane, const Partition& partition, std::size_t bytes) {
  if (lane.stray(partition.id)) {
    if (partition.held() >= stray_cap(lane)) return Intake::kPast;
    if (partition.empty() && lane.stray_held() >= kStrayPartitionsMax) return Intake::kBlock;
  } else if (partition.leader < 0) {
    if (!partition.empty()) return past_or_block(lane, partition);
  } else if (stuck_enough(partition)) {
    return past_or_block(lane, partition);
  } else if (window.at_cap(partition.held(), partition.held_bytes())) {
    return Intake::kBlock;
  }
  if (lane.probing() && lane.held >= kProbeHeldMax) return Intake::kNoRoom;
  if (window.room(lane.id, bytes)) return Intake::kTake;
  lane.need_bytes = bytes;
  window.reserve(lane.id, bytes);
  return Intake::kNoRoom;
}

void Core::State::take(Lane& lane, Partition& partition, const EntryMeta& meta) {
  if (partition.empty()) partition.progress_ms = now;
  partition.push(meta, now + options.old_after_ms - meta.age_ms);
  lane.activate(partition);
  ++lane.held;
  lane.held_bytes += meta.bytes;
  lane.need_bytes = 0;
  window.take(meta.bytes);
  if (!lane.busy) {
    lane.busy = true;
    busy.push_back(&lane);
  }
  if (lane.stray(partition.id)) {
    if (lane.stray_since_ms < 0) lane.stray_since_ms = now;
    touch(lane);
  } else {
    hand_out(lane, partition);
  }
}

bool Core::State::offer_one(Lane& lane, const EntryMeta& meta) {
  Partition& partition = lane.partition(meta.partition);
  if (meta.seq <= partition.settled_seq || partition.behind_from != 0) {
    drop(meta.handle);
    return true;
  }
  const Intake intake = decide(lane, partition, meta.bytes);
  if (intake == Intake::kTake) {
    lane.main_next = meta.seq + 1;
    take(lane, partition, meta);
  } else if (intake == Intake::kPast) {
    partition.behind_from = meta.seq;
    lane.activate(partition);
    drop(meta.handle);
  } else if (intake == Intake::kBlock) {
    lane.blocked_by = &partition;
  }
  return intake == Intake::kTake || intake == Intake::kPast;
}

void Core::State::drop_all(std::span<const EntryMeta> metas) {
  for (const EntryMeta& meta : metas) drop(meta.handle);
}

void Core::State::offer_main(Lane& lane, std::span<const EntryMeta> metas, Seq reached) {
  lane.blocked_by = nullptr;
  window.unreserve(lane.id);
  for (std::size_t i = 0; i < metas.size(); ++i) {
    const EntryMeta& meta = metas[i];
    if (meta.seq < lane.main_next) {
      drop(meta.handle);
      continue;
    }
    if (meta.partition < 0) {
      lane.read_trouble = "an entry cannot be placed";
      lane.read_at_ms = now + kStoreRetryMs;
    }
    if (meta.partition < 0 || !offer_one(lane, meta)) {
      drop_all(metas.subspan(i));
      return;
    }
    lane.main_next = meta.seq + 1;
  }
  lane.main_next = std::max(lane.main_next, reached + 1);
}

void Core::State::offer_behind(Lane& lane, ReadId read, Seq from, std::span<const EntryMeta> metas,
                               Seq reached) {
  window.unreserve(lane.id);
  for (const EntryMeta& meta : metas) {
    Partition* partition = lane.find(meta.partition);
    const bool wanted = partition != nullptr && partition->behind_from >= from &&
                        meta.seq >= partition->behind_from && meta.seq < lane.main_next &&
                        partition->closed_in != read;
    if (!wanted) {
      drop(meta.handle);
    } else if (decide(lane, *partition, meta.bytes) == Intake::kTake) {
      partition->behind_from = meta.seq + 1;
      take(lane, *partition, meta);
    } else {
      partition->behind_from = meta.seq;
      partition->closed_in = read;
      drop(meta.handle);
    }
  }
  for (Partition* partition : lane.active) {
    if (partition->behind_from == 0 || partition->behind_from < from) continue;
    if (partition->closed_in != read) {
      partition->behind_from = std::max(partition->behind_from, reached + 1);
    }
    if (partition->behind_from >= lane.main_next) partition->behind_from = 0;
  }
}

void Core::State::count_for_purge(Lane& lane, std::span<const EntryMeta> metas, Seq reached) {
  for (const EntryMeta& meta : metas) {
    if (meta.seq < lane.purge_next || meta.seq > lane.purge_last) continue;
    if (!lane.progress().settled(meta.partition, meta.seq)) ++lane.purge_count;
  }
  drop_all(metas);
  lane.purge_next = std::max(lane.purge_next, reached + 1);
  touch(lane);
}

void Core::State::forget_held(Lane& lane) {
  OUTBOX_CHECK(lane.in_flight == 0 && !lane.bury_out);
  lane.refresh_progress();
  for (Partition* partition : lane.active) {
    partition->rewind();
    partition->burying = false;
    while (!partition->empty()) {
      const Slot slot = partition->pop_queued();
      if (slot.sent_before) lane.doubt_through = std::max(lane.doubt_through, slot.seq);
      window.give_back(slot.bytes);
      drop(slot.handle);
    }
  }
  lane.held = 0;
  lane.held_bytes = 0;
  lane.to_bury.clear();
  lane.read = 0;
  window.unreserve(lane.id);
  lane.restart_cursor();
}

void Core::State::trim(Lane& lane, Partition& partition) {
  const std::size_t kept = std::max<std::size_t>(partition.next(), 1);
  while (partition.held() > kept) {
    const Slot slot = partition.pop_queued();
    window.give_back(slot.bytes);
    --lane.held;
    lane.held_bytes -= slot.bytes;
    drop(slot.handle);
    partition.behind_from = slot.seq;
  }
  if (partition.behind_from != 0) lane.activate(partition);
}

}  // namespace outbox::relay

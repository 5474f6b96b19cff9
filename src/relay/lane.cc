#include "relay/lane.h"

#include <algorithm>

#include "base/check.h"

namespace outbox::relay {

Lane::Lane(LaneId lane, const store::Progress& start, Seq durable_tail,
           std::span<const PartitionCount> history)
    : id(lane),
      tail(durable_tail),
      main_next(start.head),
      first_unplaced(std::max(durable_tail + 1, start.head)),
      progress_(start),
      settled_total_(start.head - 1 + start.settled_above_head) {
  if (!history.empty()) recorded = history.back();
  for (const auto& [partition, seq] : progress_.through) scan_until_ = std::max(scan_until_, seq);
}

Partition* Lane::find(std::int32_t number) const {
  const auto index = static_cast<std::size_t>(number);
  if (index < partitions_.size() && partitions_[index]) return partitions_[index].get();
  const auto stray = strays_.find(number);
  return stray == strays_.end() ? nullptr : stray->second.get();
}

Partition& Lane::partition(std::int32_t number) {
  if (Partition* found = find(number)) return *found;
  const auto through = progress_.through.find(number);
  auto made = std::make_unique<Partition>(
      number, through == progress_.through.end() ? 0 : through->second, progress_.prev(number));
  Partition& partition = *made;
  if (stray(number)) {
    strays_[number] = std::move(made);
  } else {
    partition.leader = leaders[static_cast<std::size_t>(number)];
    if (partitions_.size() < leaders.size()) partitions_.resize(leaders.size());
    partitions_[static_cast<std::size_t>(number)] = std::move(made);
  }
  return partition;
}

std::size_t Lane::stray_held() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(strays_, [](const auto& stray) { return !stray.second->empty(); }));
}

void Lane::activate(Partition& partition) {
  if (partition.active) return;
  partition.active = true;
  active.push_back(&partition);
}

void Lane::prune() {
  std::erase_if(active, [](Partition* partition) {
    partition->active = !partition->empty() || partition->behind_from != 0;
    return !partition->active;
  });
}

Slot Lane::settle(Partition& partition, bool delivered) {
  const Slot slot = partition.pop_front();
  partition.settled_seq = slot.seq;
  if (delivered) partition.delivered_seq = slot.seq;
  if (!partition.dirty) {
    partition.dirty = true;
    dirty_.push_back(&partition);
  }
  ++settled_total_;
  if (delivered) ++delivered_pending;
  --held;
  held_bytes -= slot.bytes;
  scan_until_ = std::max(scan_until_, slot.seq);
  return slot;
}

Seq Lane::head_without(const Partition* skipped) const {
  Seq head = main_next;
  for (const Partition* partition : active) {
    Seq first = partition->first_unsettled();
    if (partition == skipped) {
      first = partition->held() > 1 ? partition->slots()[1].seq : partition->behind_from;
    }
    if (first != 0) head = std::min(head, first);
  }
  return head;
}

namespace {

void write_partition(store::Progress& progress, std::int32_t id, Seq settled, Seq delivered) {
  progress.through[id] = settled;
  if (settled == delivered) {
    progress.last_delivered.erase(id);
  } else {
    progress.last_delivered[id] = delivered;
  }
}

}  // namespace

void Lane::refresh_progress() {
  prune();
  const Seq head = head_without(nullptr);
  OUTBOX_CHECK(head >= progress_.head && settled_total_ >= head - 1);
  if (head != progress_.head || !dirty_.empty()) advance_due = true;
  progress_.head = head;
  progress_.settled_above_head = settled_total_ - (head - 1);
  for (Partition* partition : dirty_) {
    partition->dirty = false;
    write_partition(progress_, partition->id, partition->settled_seq, partition->delivered_seq);
  }
  dirty_.clear();
  drop_strays();
}

void Lane::drop_strays() {
  std::erase_if(strays_, [this](const auto& stray) {
    const Partition& partition = *stray.second;
    if (partition.active || partition.settled_seq >= progress_.head) return false;
    if (partition.generation != 0 || !this->stray(partition.id)) return false;
    if (blocked_by == &partition) blocked_by = nullptr;
    progress_.through.erase(partition.id);
    progress_.last_delivered.erase(partition.id);
    return true;
  });
}

store::Progress Lane::progress_after_death(const Partition& partition) const {
  store::Progress after = progress_;
  after.head = head_without(&partition);
  after.settled_above_head = settled_total_ + 1 - (after.head - 1);
  write_partition(after, partition.id, partition.slots().front().seq, partition.delivered_seq);
  return after;
}

store::Progress Lane::progress_after_purge(Seq through, std::uint64_t count) const {
  store::Progress after = progress_;
  after.head = std::max(after.head, through + 1);
  after.settled_above_head = settled_total_ + count - (after.head - 1);
  return after;
}

void Lane::purge_through(Seq through, std::uint64_t count) {
  OUTBOX_CHECK(active.empty() && main_next == progress_.head);
  if (through < main_next) return;
  settled_total_ += count;
  main_next = through + 1;
  first_unplaced = std::max(first_unplaced, main_next);
  scan_until_ = std::max(scan_until_, through);
}

void Lane::restart_cursor() {
  first_unplaced = std::max(first_unplaced, main_next);
  for (Partition* partition : active) {
    OUTBOX_CHECK(partition->empty());
    partition->behind_from = 0;
    partition->active = false;
  }
  active.clear();
  main_next = progress_.head;
  need_bytes = 0;
  blocked_by = nullptr;
}

}  // namespace outbox::relay

// When the core reads the store, and with which cursor.
#include <algorithm>

#include "base/check.h"
#include "relay/core_state.h"

namespace outbox::relay {

namespace {

/// Of what those have that move, so that a read is worth its while; never next to nothing.
std::size_t share_of(std::size_t moving, std::size_t max) {
  return std::max({moving / kReadShare, max / kReadShareLeast, std::size_t{1}});
}

/// Worth reading more for: it holds less than half of what it may.
bool low(const Window& window, const Partition& partition) {
  return !window.at_cap(partition.held() * 2, partition.held_bytes() * 2);
}

}  // namespace

bool Core::State::still_blocked(const Lane& lane) const {
  const Partition* by = lane.blocked_by;
  if (by == nullptr) return false;
  if (lane.stray(by->id)) {
    return by->empty() && lane.stray_held() >= kStrayPartitionsMax;
  }
  if (by->empty()) return false;
  if (by->leader < 0 || stuck_enough(*by)) return !another_flows(lane, *by);
  return !low(window, *by);
}

Partition* Core::State::next_behind(const Lane& lane) const {
  Partition* lowest = nullptr;
  for (Partition* partition : lane.active) {
    if (partition->behind_from == 0 || partition->behind_from > lane.tail) continue;
    if (lowest != nullptr && partition->behind_from >= lowest->behind_from) continue;
    const bool able = lane.stray(partition->id)
                          ? partition->held() < stray_cap(lane)
                          : partition->leader >= 0 && low(window, *partition) && !stuck(*partition);
    if (able) lowest = partition;
  }
  return lowest;
}

bool Core::State::main_wants(const Lane& lane) const {
  return lane.main_next <= lane.tail && !still_blocked(lane);
}

bool Core::State::wants_read(const Lane& lane) const {
  if (!taking(lane) || lane.read != 0 || now < lane.read_at_ms) return false;
  if (lane.probing() && lane.held > kProbeHeldMax / 2) return false;
  return main_wants(lane) || next_behind(lane) != nullptr;
}

void Core::State::want_read(Lane& lane) {
  if (wants_read(lane)) {
    if (!lane.read_queued) read_queue.push_back(&lane);
    lane.read_queued = true;
    return;
  }
  if (lane.read != 0) return;
  window.unreserve(lane.id);
  if (!taking(lane)) return;
  if (now < lane.read_at_ms) wake(lane, lane.read_at_ms);
  // Once the partition that is waited for counts as stuck, the cursor may pass it.
  const Partition* by = lane.blocked_by;
  if (by != nullptr && !by->empty() && !stuck(*by)) wake(lane, by->progress_ms + kStuckMs);
}

bool Core::State::room_to_read(const Lane& lane) const {
  if (window.empty()) return true;
  if (window.reserved_for() != 0 && window.reserved_for() != lane.id) return false;
  const std::size_t entries = share_of(window.moving_entries(), window.entries_max());
  const std::size_t bytes =
      std::max(share_of(window.moving_bytes(), window.bytes_max()), lane.need_bytes);
  return window.free_entries() >= std::min(entries, kReadEntriesMax) &&
         window.free_bytes() >= bytes;
}

void Core::State::issue_reads() {
  if (const LaneId large = window.reserved_for(); large != 0) {
    Lane& first = lane(large);
    if (wants_read(first) && room_to_read(first)) read_lane(first);
  }
  for (std::size_t left = read_queue.size(); left > 0 && reads_out < kReadsMax; --left) {
    Lane& next = *read_queue.front();
    const bool wanted = wants_read(next);
    const bool room = room_to_read(next);
    if (wanted && !room && window.will_fit(next.need_bytes)) break;
    read_queue.pop_front();
    if (wanted && !room) {  // not before those that stand still move: the others need not wait
      read_queue.push_back(&next);
      continue;
    }
    next.read_queued = false;
    if (wanted) {
      read_lane(next);
    } else if (next.read == 0) {
      window.unreserve(next.id);
    }
  }
}

void Core::State::read_lane(Lane& lane) {
  Partition* behind = next_behind(lane);
  const bool main = main_wants(lane) && (lane.main_turn || behind == nullptr);
  lane.main_turn = !main;
  OUTBOX_CHECK(main || behind != nullptr);
  // An empty window has room for one, however little is left of it.
  const std::size_t free = std::max<std::size_t>(window.free_entries(), 1);
  const std::size_t share = std::max<std::size_t>(window.entries_max() / kReadShare, 1);
  const std::size_t entries =
      lane.probing() ? kProbeHeldMax : std::min({share, free, kReadEntriesMax});
  emit_read(lane, main ? Lane::Cursor::kMain : Lane::Cursor::kBehind,
            main ? lane.main_next : behind->behind_from, entries,
            std::max({window.free_bytes(), lane.need_bytes, std::size_t{1}}));
}

void Core::State::emit_read(Lane& lane, Lane::Cursor cursor, Seq from, std::size_t entries_max,
                            std::size_t bytes_max) {
  const std::size_t bytes = std::clamp<std::size_t>(window.bytes_max() / kReadShare, 1, bytes_max);
  lane.read = ++last_read;
  lane.read_cursor = cursor;
  lane.read_from = from;
  ++reads_out;
  ++stats.reads;
  commands.reads.push_back({lane.id, lane.read, from, entries_max, std::min(bytes, kReadBytesMax)});
}

void Core::State::read_answered(Lane& of, ReadId read, std::span<const EntryMeta> metas,
                                Seq reached) {
  OUTBOX_CHECK(reads_out > 0);
  --reads_out;
  touch(of);
  if (of.read != read) return drop_all(metas);
  of.read = 0;
  of.read_trouble.clear();
  // It is durable, so it must be there; the store may be slow to show it.
  if (reached < of.read_from) of.read_at_ms = now + kStoreRetryMs;
  if (of.read_cursor == Lane::Cursor::kPurge) return count_for_purge(of, metas, reached);
  if (!taking(of)) return drop_all(metas);
  if (of.read_cursor == Lane::Cursor::kMain) return offer_main(of, metas, reached);
  offer_behind(of, read, of.read_from, metas, reached);
}

}  // namespace outbox::relay

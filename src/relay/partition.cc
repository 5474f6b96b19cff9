#include "relay/partition.h"

#include "base/check.h"

namespace outbox::relay {

void Partition::push(const EntryMeta& meta, std::int64_t old_at_ms) {
  OUTBOX_CHECK(meta.seq > settled_seq && (empty() || meta.seq > slots_.back().seq));
  Slot slot;
  slot.seq = meta.seq;
  slot.handle = meta.handle;
  slot.bytes = meta.bytes;
  slot.old_at_ms = old_at_ms;
  slots_.push_back(slot);
  held_bytes_ += meta.bytes;
}

Slot& Partition::send(std::int64_t now_ms) {
  OUTBOX_CHECK(has_queued());
  Slot& slot = slots_[next_++];
  OUTBOX_CHECK(slot.state == Slot::State::kQueued);
  slot.state = Slot::State::kSent;
  slot.sent_ms = now_ms;
  active_ms = now_ms;
  ++in_flight_;
  return slot;
}

std::size_t Partition::find_sent(Seq seq) const {
  std::size_t index = expect_;
  if (index >= next_ || slots_[index].seq != seq) {
    std::size_t low = 0;
    std::size_t high = next_;
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (slots_[middle].seq < seq) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    index = low;
  }
  if (index >= next_ || slots_[index].seq != seq) return kNone;
  return slots_[index].state == Slot::State::kSent ? index : kNone;
}

void Partition::report(std::size_t index, Slot::State state, std::int64_t offset) {
  OUTBOX_CHECK(in_flight_ > 0);
  --in_flight_;
  slots_[index].state = state;
  slots_[index].offset = offset;
  expect_ = index + 1;
}

Slot Partition::pop_front() {
  const Slot slot = slots_.front();
  OUTBOX_CHECK(slot.state != Slot::State::kSent);
  slots_.pop_front();
  held_bytes_ -= slot.bytes;
  if (next_ > 0) --next_;
  if (expect_ > 0) --expect_;
  return slot;
}

Slot Partition::pop_queued() {
  OUTBOX_CHECK(has_queued());
  const Slot slot = slots_.back();
  slots_.pop_back();
  held_bytes_ -= slot.bytes;
  return slot;
}

void Partition::rewind() {
  for (std::size_t i = 0; i < next_; ++i) {
    Slot& slot = slots_[i];
    if (slot.state == Slot::State::kQueued) continue;
    slot.state = Slot::State::kQueued;
    slot.sent_before = true;
  }
  next_ = 0;
  in_flight_ = 0;
  expect_ = 0;
  broken = false;
  alone = false;
  slow = true;
}

}  // namespace outbox::relay

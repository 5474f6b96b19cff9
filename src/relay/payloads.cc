#include "relay/payloads.h"

#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace outbox::relay {
namespace {

// Copies `bytes` to `to`, lets them point there, and moves `to` on.
void move_to(std::string_view& bytes, char*& to) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  bytes = std::string_view(to, bytes.size());
  to += bytes.size();
}

void move_to(std::optional<std::string_view>& bytes, char*& to) {
  if (bytes) move_to(*bytes, to);
}

std::size_t size_of(const store::RecordView& record) {
  return record.headers.size() + (record.key ? record.key->size() : 0) +
         (record.value ? record.value->size() : 0);
}

}  // namespace

Handle Payloads::add(const store::SlabEntry& entry, const store::RecordView& record) {
  Handle handle = slots_.size();
  if (free_.empty()) {
    slots_.emplace_back();
  } else {
    handle = free_.back();
    free_.pop_back();
  }
  Slot& slot = slots_[handle];
  slot.payload = {entry.lane, entry.seq, record};
  slot.held = true;
  slot.pin = pin_of(*entry.memory);
  if (slot.pin != nullptr) {
    ++slot.pin->users;
  } else {
    own(slot);
  }
  return handle;
}

void Payloads::copy_out(Handle handle) {
  Slot& slot = slots_[handle];
  if (slot.pin == nullptr || lent(handle)) return;
  own(slot);
  unpin(slot);
}

void Payloads::own(Slot& slot) {
  slot.copy = std::make_unique_for_overwrite<char[]>(size_of(slot.payload.record) + 1);
  char* to = slot.copy.get();
  move_to(slot.payload.record.key, to);
  move_to(slot.payload.record.value, to);
  move_to(slot.payload.record.headers, to);
}

Payloads::Pin* Payloads::pin_of(const store::SlabMemory& memory) {
  if (last_pin_ != nullptr && last_pin_->memory.get() == &memory) return last_pin_;
  const auto found = pins_.find(&memory);
  if (found != pins_.end()) return last_pin_ = &found->second;
  if (pinned_bytes_ + memory.bytes() > pinned_bytes_max_) return nullptr;
  pinned_bytes_ += memory.bytes();
  return last_pin_ = &pins_.emplace(&memory, Pin{memory.shared_from_this(), 0}).first->second;
}

void Payloads::unpin(Slot& slot) {
  Pin* pin = std::exchange(slot.pin, nullptr);
  if (--pin->users > 0) return;
  if (pin == last_pin_) last_pin_ = nullptr;
  pinned_bytes_ -= pin->memory->bytes();
  pins_.erase(pin->memory.get());
}

void Payloads::release(Handle handle) {
  OUTBOX_CHECK(slots_[handle].held);
  slots_[handle].held = false;
  free_if_unused(handle);
}

void Payloads::lend(Handle handle, Channel channel) {
  slots_[handle].lent[index_of(channel)] = true;
}

void Payloads::reported(Handle handle, Channel channel) {
  slots_[handle].lent[index_of(channel)] = false;
  free_if_unused(handle);
}

bool Payloads::lent(Handle handle) const {
  const Slot& slot = slots_[handle];
  return slot.for_ever || slot.lent.any();
}

void Payloads::producer_gone(Channel channel) {
  for (Handle handle = 0; handle < slots_.size(); ++handle) {
    if (slots_[handle].lent[index_of(channel)]) reported(handle, channel);
  }
}

void Payloads::producer_left_behind(Channel channel) {
  for (Slot& slot : slots_) {
    slot.for_ever = slot.for_ever || slot.lent[index_of(channel)];
    slot.lent[index_of(channel)] = false;
  }
}

void Payloads::free_if_unused(Handle handle) {
  Slot& slot = slots_[handle];
  if (slot.held || lent(handle)) return;
  if (slot.pin != nullptr) unpin(slot);
  slot.copy.reset();
  free_.push_back(handle);
}

}  // namespace outbox::relay

#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "relay/core_types.h"
#include "store/format.h"
#include "store/slab.h"

namespace outbox::relay {

/// The bytes of the entries that the core or a producer needs, each under a
/// handle. Normally an entry lies in its slab's memory, which is shared and not
/// copied. Memory is bounded: that is pinned up to a limit, beyond it (and for
/// entries that may linger) the entry alone is copied out. Relay thread only.
class Payloads {
 public:
  struct Payload {
    LaneId lane = 0;
    Seq seq = 0;
    store::RecordView record;  ///< points into its slab's memory or into `copy`
  };

  explicit Payloads(std::size_t pinned_bytes_max) : pinned_bytes_max_(pinned_bytes_max) {}

  /// Registers a decoded entry; held by the core until released.
  Handle add(const store::SlabEntry& entry, const store::RecordView& record);
  const Payload& get(Handle handle) const { return slots_[handle].payload; }
  /// Gives the entry memory of its own. Not while a producer reads it.
  void copy_out(Handle handle);

  /// The core needs it no more.
  void release(Handle handle);
  /// A producer of the channel reads the value from now on, until reported.
  void lend(Handle handle, Channel channel);
  void reported(Handle handle, Channel channel);
  bool lent(Handle handle) const;
  /// The channel's producer is gone for good: nothing is lent to it.
  void producer_gone(Channel channel);
  /// The channel's producer hangs and may read for ever: what is lent to it stays for ever.
  void producer_left_behind(Channel channel);

  std::size_t count() const { return slots_.size() - free_.size(); }
  std::size_t pinned_bytes() const { return pinned_bytes_; }

 private:
  struct Pin {
    std::shared_ptr<const store::SlabMemory> memory;
    std::size_t users = 0;
  };
  struct Slot {
    Payload payload;
    Pin* pin = nullptr;  ///< null: `copy` holds the bytes
    std::unique_ptr<char[]> copy;
    bool held = false;            ///< by the core
    std::bitset<kChannels> lent;  ///< by channel
    bool for_ever = false;
  };

  /// The memory's pin; null: the limit forbids a new one.
  Pin* pin_of(const store::SlabMemory& memory);
  void unpin(Slot& slot);
  void own(Slot& slot);
  void free_if_unused(Handle handle);

  const std::size_t pinned_bytes_max_;
  std::deque<Slot> slots_;  // stable, so that a copy's address is
  std::vector<Handle> free_;
  std::unordered_map<const store::SlabMemory*, Pin> pins_;
  Pin* last_pin_ = nullptr;  // most entries follow one of the same memory
  std::size_t pinned_bytes_ = 0;
};

}  // namespace outbox::relay

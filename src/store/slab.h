#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "store/format.h"

namespace outbox::store {

/// Memory that records live in, shared by all who still need one of them:
/// whoever keeps an entry takes shared_from_this() of its memory.
class SlabMemory : public std::enable_shared_from_this<SlabMemory> {
 public:
  virtual ~SlabMemory() = default;
  /// Held as long as this lives.
  virtual std::size_t bytes() const = 0;
};

/// A durable entry; `record` points into `memory`.
struct SlabEntry {
  LaneId lane = 0;
  Seq seq = 0;
  std::string_view record;
  const SlabMemory* memory = nullptr;
};

/// Some durable entries: a committed group or a piece of backlog. Immutable.
/// Their memory is the slab's own, or parts of it that can outlive it.
class Slab : public SlabMemory {
 public:
  /// In sequence order per lane.
  const std::vector<SlabEntry>& entries() const { return entries_; }

 protected:
  std::vector<SlabEntry> entries_;
};

using SlabPtr = std::shared_ptr<const Slab>;

}  // namespace outbox::store

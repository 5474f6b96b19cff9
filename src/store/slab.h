#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "store/format.h"

namespace outbox::store {

/// A durable entry; `record` points into the slab that holds it.
struct SlabEntry {
  LaneId lane = 0;
  Seq seq = 0;
  std::string_view record;
};

/// Some durable entries and the memory they live in: a committed group or a
/// piece of backlog. Immutable; shared by all who still need one of them.
class Slab {
 public:
  virtual ~Slab() = default;
  /// In sequence order per lane.
  const std::vector<SlabEntry>& entries() const { return entries_; }
  /// Memory that is held as long as the slab lives.
  virtual std::size_t bytes() const = 0;

 protected:
  std::vector<SlabEntry> entries_;
};

using SlabPtr = std::shared_ptr<const Slab>;

}  // namespace outbox::store

#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "outbox/message.h"
#include "store/block_slab.h"
#include "store/slab.h"

namespace outbox::relay {

/// A committed group lane by lane: in the group lanes may alternate, the core wants each one's
/// entries in one piece.
class Runs {
 public:
  using Run = std::vector<const store::SlabEntry*>;

  /// A group of more lanes is not pinned: it would stay for the slowest of them, long after most
  /// of it was delivered.
  static constexpr std::size_t kPinnedLanesMax = 64;

  /// The slab must outlive the runs.
  explicit Runs(const store::Slab& slab);

  const std::map<store::LaneId, Run>& by_lane() const { return by_lane_; }
  /// The run in the memory that is to be pinned for it. Valid until the next call.
  const Run& to_pin(const Run& run);

 private:
  std::map<store::LaneId, Run> by_lane_;
  std::optional<store::BlockSlab> copies_;  ///< of the last run
  Run copied_;
};

}  // namespace outbox::relay

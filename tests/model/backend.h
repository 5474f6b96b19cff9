#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/placement.h"
#include "store/format.h"
#include "store/progress.h"

namespace outbox::model {

struct SimEntry;
class SimLane;

/// A store behind the simulated one. False: it failed; nothing is known of
/// what it did, as after a power cut.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual bool append(store::LaneId lane, const std::vector<SimEntry>& entries) = 0;
  virtual bool sync() = 0;
  virtual void advance(store::LaneId lane, const store::Progress& progress,
                       std::uint64_t delivered) = 0;
  virtual bool bury(store::LaneId lane, Seq seq, std::int32_t partition, const std::string& reason,
                    const store::Progress& progress) = 0;
  virtual bool requeue(store::LaneId lane, Seq seq, const SimEntry& entry) = 0;
  virtual bool record_count(store::LaneId lane, PartitionCount count) = 0;
  /// Reads `count` entries from `from` on and compares them with the lane's.
  virtual bool read(store::LaneId lane, Seq from, std::size_t count, const SimLane& expected) = 0;
};

}  // namespace outbox::model

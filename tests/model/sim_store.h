#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/placement.h"
#include "model/sim_broker.h"
#include "model/verdicts.h"
#include "store/format.h"
#include "store/progress.h"

namespace outbox::model {

using store::LaneId;
using store::Progress;

struct SimEntry {
  std::optional<std::string> key;
  std::optional<std::int32_t> given;
  std::uint32_t bytes = 0;
};

struct SimLane {
  std::vector<SimEntry> entries;  ///< entry of seq s at s - 1
  std::vector<PartitionCount> history;
  Progress progress;
  Progress durable;
  std::uint64_t delivered = 0;
  std::uint64_t durable_delivered = 0;
  std::map<Seq, std::string> dead;
  std::set<Seq> purged;

  Seq tail() const { return entries.size(); }
  std::int32_t partition_of(Seq seq) const;  ///< -1 = not covered
};

/// The store as the relay sees it, with what an honest store cannot know: it
/// looks into the brokers' logs whenever the relay says something was settled.
class SimStore {
 public:
  SimStore(const SimBroker& broker, Verdicts& verdicts) : broker_(broker), verdicts_(verdicts) {}

  SimLane& lane(LaneId id) { return lanes_[id]; }
  const std::map<LaneId, SimLane>& lanes() const { return lanes_; }
  /// A group commit: carries the progress said so far.
  void append(LaneId id, std::vector<SimEntry> entries);
  void sync();

  void advance(LaneId id, const Progress& progress, std::uint64_t delivered);
  void bury(LaneId id, Seq seq, std::int32_t partition, const std::string& reason,
            const Progress& progress);
  void record_purge(LaneId id, Seq from, Seq through, std::uint64_t count,
                    const Progress& progress);
  void record_count(LaneId id, PartitionCount count);
  /// The process is gone, and with it what was not durable.
  void kill();
  /// Settled, but not durably: a kill brings it back.
  std::uint64_t unrecorded() const;
  bool drained() const;

 private:
  void check_step(LaneId id, const SimLane& lane, const Progress& to, std::uint64_t delivered);
  bool logged(LaneId id, std::int32_t partition, Seq seq) const;

  const SimBroker& broker_;
  Verdicts& verdicts_;
  std::map<LaneId, SimLane> lanes_;
};

}  // namespace outbox::model

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/backend.h"
#include "model/sim_broker.h"
#include "model/sim_lane.h"
#include "model/verdicts.h"

namespace outbox::model {

/// The store as the relay sees it, with what an honest store cannot know: it
/// looks into the brokers' logs whenever the relay says something was settled.
class SimStore {
 public:
  SimStore(const SimBroker& broker, Verdicts& verdicts) : broker_(broker), verdicts_(verdicts) {}
  /// A real store that does the same; this one then knows what it must hold.
  void set_backend(Backend* backend) { backend_ = backend; }

  SimLane& lane(LaneId id) { return lanes_[id]; }
  const std::map<LaneId, SimLane>& lanes() const { return lanes_; }
  /// A group commit: carries the progress said so far, which a backend may also put off. False:
  /// the backend failed.
  bool append(LaneId id, const std::vector<SimEntry>& entries);
  void sync();

  void advance(LaneId id, const Progress& progress, std::uint64_t delivered);
  bool bury(LaneId id, Seq seq, std::int32_t partition, const std::string& reason,
            const Progress& progress);
  void record_purge(LaneId id, Seq from, Seq through, std::uint64_t count,
                    const Progress& progress);
  /// A dead letter becomes a new entry. False: the backend failed.
  bool requeue(LaneId id, Seq seq);
  bool record_count(LaneId id, PartitionCount count);
  bool read(LaneId id, Seq from, std::size_t count);
  /// What a backend shows of a lane after a power cut.
  void adopt(LaneId id, const Progress& progress, std::uint64_t delivered);
  /// The process is gone, and with it what was not durable.
  void kill();
  /// Settled, but not durably: a kill brings it back.
  std::uint64_t unrecorded() const;
  bool drained() const;
  /// Does Kafka have the entry?
  bool logged(LaneId id, std::int32_t partition, Seq seq) const;

 private:
  void check_step(LaneId id, const SimLane& lane, const Progress& to, std::uint64_t delivered);
  void make_durable();

  const SimBroker& broker_;
  Backend* backend_ = nullptr;
  Verdicts& verdicts_;
  std::map<LaneId, SimLane> lanes_;
};

}  // namespace outbox::model

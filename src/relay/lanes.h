#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/placement.h"
#include "kafka/observer.h"
#include "relay/core_types.h"
#include "store/store.h"

namespace outbox::relay {

/// What the driver knows of each lane beside the core. Relay thread only.
class Lanes {
 public:
  struct Lane {
    std::string topic;
    std::vector<PartitionCount> history;
    Seq tail = 0;
    store::TopicLimits limits;
    kafka::Findings findings;  ///< the last ones; null = not judged
    bool known = false;
  };

  bool known(LaneId id) const { return id < lanes_.size() && lanes_[id].known; }
  Lane& get(LaneId id) { return lanes_[id]; }
  const Lane& get(LaneId id) const { return lanes_[id]; }
  Lane& add(const store::LaneInfo& info, Seq tail);
  template <typename What>
  void each(What what) const {
    for (LaneId id = 0; id < lanes_.size(); ++id) {
      if (lanes_[id].known) what(id);
    }
  }
  std::optional<LaneId> find(const std::string& topic) const;

  /// Replaces what the history holds at or above count.from_seq.
  void record(LaneId id, const PartitionCount& count);
  /// Notes whether the lane has entries that are not settled.
  void update_pending(LaneId id, const store::Progress& progress);
  const std::set<LaneId>& pending() const { return pending_; }
  /// The lanes that began to have such entries since it was last asked.
  std::vector<LaneId> take_begun() { return std::exchange(begun_, {}); }
  static std::uint64_t pending_entries(Seq tail, const store::Progress& progress);

  /// The smallest max.message.bytes of lanes with pending entries; 0 = none known.
  std::int64_t smallest_limit() const;

 private:
  std::vector<Lane> lanes_;  // by id, which the store gives densely
  std::unordered_map<std::string, LaneId> by_topic_;
  std::set<LaneId> pending_;
  std::vector<LaneId> begun_;
};

}  // namespace outbox::relay

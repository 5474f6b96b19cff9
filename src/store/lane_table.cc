#include "store/lane_table.h"

#include <algorithm>
#include <mutex>

namespace outbox::store {

Lane* LaneTable::find(const std::string& topic) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_topic_.find(topic);
  return found == by_topic_.end() ? nullptr : found->second.get();
}

Lane* LaneTable::find(LaneId id) const {
  const std::shared_lock lock(mutex_);
  return id == 0 || id > by_id_.size() ? nullptr : by_id_[id - 1];
}

Result<Lane*> LaneTable::find_or_add(const std::string& topic) {
  if (Lane* lane = find(topic); lane != nullptr) return lane;
  const std::unique_lock lock(mutex_);
  if (const auto found = by_topic_.find(topic); found != by_topic_.end()) {
    return found->second.get();
  }
  if (by_id_.size() >= lanes_max_) {
    return Status(Code::kInvalidArgument, "topic " + topic + " would be one more than the " +
                                              std::to_string(lanes_max_) +
                                              " topics that lanes_max allows");
  }
  auto lane = std::make_unique<Lane>(static_cast<LaneId>(by_id_.size() + 1), topic);
  Lane* const raw = lane.get();
  by_id_.push_back(raw);
  by_topic_.emplace(topic, std::move(lane));
  return raw;
}

Lane& LaneTable::restore(LaneId id, const std::string& topic) {
  const std::unique_lock lock(mutex_);
  auto lane = std::make_unique<Lane>(id, topic);
  lane->registered = true;
  if (by_id_.size() < id) by_id_.resize(id, nullptr);
  Lane* const raw = by_id_[id - 1] = lane.get();
  by_topic_[topic] = std::move(lane);
  return *raw;
}

std::vector<Lane*> LaneTable::all() const {
  std::vector<Lane*> lanes;
  {
    const std::shared_lock lock(mutex_);
    for (Lane* lane : by_id_) {
      if (lane != nullptr) lanes.push_back(lane);
    }
  }
  std::sort(lanes.begin(), lanes.end(),
            [](const Lane* a, const Lane* b) { return a->topic < b->topic; });
  return lanes;
}

}  // namespace outbox::store

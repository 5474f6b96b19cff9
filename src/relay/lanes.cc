#include "relay/lanes.h"

#include <algorithm>

namespace outbox::relay {

Lanes::Lane& Lanes::add(const store::LaneInfo& info, Seq tail) {
  if (info.id >= lanes_.size()) lanes_.resize(info.id + 1);
  Lane& lane = lanes_[info.id];
  lane.topic = info.topic;
  lane.history = info.partition_history;
  lane.limits = info.limits;
  lane.tail = tail;
  lane.known = true;
  by_topic_[info.topic] = info.id;
  update_pending(info.id, info.progress);
  return lane;
}

std::optional<LaneId> Lanes::find(const std::string& topic) const {
  const auto found = by_topic_.find(topic);
  if (found == by_topic_.end()) return std::nullopt;
  return found->second;
}

void Lanes::record(LaneId id, const PartitionCount& count) {
  std::vector<PartitionCount>& history = lanes_[id].history;
  std::erase_if(history, [&](const PartitionCount& row) { return row.from_seq >= count.from_seq; });
  history.push_back(count);
}

std::uint64_t Lanes::pending_entries(Seq tail, const store::Progress& progress) {
  return tail + 1 - progress.head - progress.settled_above_head;
}

void Lanes::update_pending(LaneId id, const store::Progress& progress) {
  if (pending_entries(lanes_[id].tail, progress) > 0) {
    if (pending_.insert(id).second) begun_.push_back(id);
  } else {
    pending_.erase(id);
  }
}

std::int64_t Lanes::smallest_limit() const {
  std::int64_t smallest = 0;
  for (const LaneId id : pending_) {
    const std::int64_t bytes = lanes_[id].limits.message_bytes_max;
    if (bytes > 0 && (smallest == 0 || bytes < smallest)) smallest = bytes;
  }
  return smallest;
}

}  // namespace outbox::relay

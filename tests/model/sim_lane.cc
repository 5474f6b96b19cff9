#include "model/sim_lane.h"

#include <utility>

namespace outbox::model {

void SimLane::add(const std::vector<SimEntry>& more) {
  entries_.insert(entries_.end(), more.begin(), more.end());
}

void SimLane::set_history(std::vector<PartitionCount> history) {
  history_ = std::move(history);
  partitions_.clear();
}

void SimLane::record(const PartitionCount& count) {
  while (!history_.empty() && history_.back().from_seq >= count.from_seq) history_.pop_back();
  history_.push_back(count);
  partitions_.clear();
}

std::int32_t SimLane::partition_of(Seq seq) const {
  while (partitions_.size() < seq) {
    const Seq next = partitions_.size() + 1;
    partitions_.push_back(place(history_, next, entry(next).key, entry(next).given).value_or(-1));
  }
  return partitions_[seq - 1];
}

}  // namespace outbox::model

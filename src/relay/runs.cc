#include "relay/runs.h"

namespace outbox::relay {

Runs::Runs(const store::Slab& slab) {
  for (const store::SlabEntry& entry : slab.entries()) by_lane_[entry.lane].push_back(&entry);
}

const Runs::Run& Runs::to_pin(const Run& run) {
  if (by_lane_.size() <= kPinnedLanesMax) return run;
  copies_.emplace();
  for (const store::SlabEntry* entry : run) copies_->add(entry->lane, entry->seq, entry->record);
  copied_.clear();
  for (const store::SlabEntry& entry : copies_->entries()) copied_.push_back(&entry);
  return copied_;
}

}  // namespace outbox::relay

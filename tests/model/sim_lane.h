#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/placement.h"
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

/// What a lane of the store holds, and what the model knows besides.
class SimLane {
 public:
  void add(const std::vector<SimEntry>& more);
  const SimEntry& entry(Seq seq) const { return entries_[seq - 1]; }
  Seq tail() const { return entries_.size(); }

  const std::vector<PartitionCount>& history() const { return history_; }
  void set_history(std::vector<PartitionCount> history);
  /// It replaces what the history holds at or above its from_seq.
  void record(const PartitionCount& count);
  std::int32_t partition_of(Seq seq) const;  ///< -1 = not covered

  Progress progress;
  Progress durable;
  std::uint64_t delivered = 0;
  std::uint64_t durable_delivered = 0;
  std::map<Seq, std::string> dead;
  std::map<Seq, Seq> requeued;  ///< dead letter, and the entry it became
  std::set<Seq> purged;

 private:
  std::vector<SimEntry> entries_;
  std::vector<PartitionCount> history_;
  /// Asked for so often that it is kept; empty after a change of the history.
  mutable std::vector<std::int32_t> partitions_;
};

}  // namespace outbox::model

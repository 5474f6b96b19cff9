#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "outbox/status.h"
#include "store/lane.h"

namespace outbox::store {

/// All lanes, by topic and by id. Thread-safe; the Lanes it gives live as long as it.
class LaneTable {
 public:
  explicit LaneTable(std::uint32_t lanes_max) : lanes_max_(lanes_max) {}

  /// Null: never appended to.
  Lane* find(const std::string& topic) const;
  Lane* find(LaneId id) const;
  /// Makes the lane if there is none; its registration is written with its
  /// first entry. kInvalidArgument at lanes_max.
  Result<Lane*> find_or_add(const std::string& topic);
  /// At open. Ids are dense from 1.
  Lane& restore(LaneId id, const std::string& topic);
  /// By topic name.
  std::vector<Lane*> all() const;

 private:
  const std::uint32_t lanes_max_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<Lane>> by_topic_;
  std::vector<Lane*> by_id_;  ///< [id - 1]; null only while restoring
};

}  // namespace outbox::store

#pragma once

#include <rocksdb/table_properties.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "store/format.h"

namespace outbox::store {

/// What a table of the data family holds: each lane, ascending, and its highest number there.
using TableLanes = std::vector<std::pair<LaneId, Seq>>;

/// A table with more lanes does not tell: properties stay in memory as long as the table.
inline constexpr std::size_t kTableLanesMax = 512;

/// Has each new table note its lanes, as a property of the table.
std::shared_ptr<rocksdb::TablePropertiesCollectorFactory> make_table_lanes_factory();

/// nullopt: it does not tell (too many lanes, or another build made it).
std::optional<TableLanes> table_lanes(const rocksdb::UserCollectedProperties& properties);

}  // namespace outbox::store

#pragma once

#include <cstddef>

#include "base/log.h"
#include "store/database.h"
#include "store/lane_table.h"

namespace outbox::store {

/// Deletes the oldest flushed memtables of the data family, unread, as long as all that they hold
/// is durably settled. DeleteFilesInRange passes them by: it looks below level 0 only. Answers how
/// many went. A failure is logged; what stays is left to a compaction.
std::size_t delete_settled_tables(Database& database, const LaneTable& lanes, const Log& log);

}  // namespace outbox::store

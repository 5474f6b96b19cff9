#pragma once

#include <filesystem>
#include <vector>

#include "base/log.h"
#include "outbox/status.h"
#include "store/recovery.h"

namespace rocksdb {
class Env;
}

namespace outbox::store {

/// The end of each lane, by a read-only instance that changes nothing in `dir`.
/// Lanes that were never registered have none. A database whose creation was
/// cut short has no lanes. kUnknownVersion, kCorruption, kIoError.
Result<std::vector<LaneEnd>> read_lane_ends(rocksdb::Env& env, const std::filesystem::path& dir,
                                            const Log& log);

}  // namespace outbox::store

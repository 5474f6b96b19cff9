#pragma once

#include <filesystem>
#include <vector>

#include "store/verify.h"
#include "store/wal_check.h"

namespace outbox::store {

/// Checksums of all WALs and tables in `dir`, which nobody may hold. Answers the
/// torn tails that opening would cut, and which writes are in the WALs.
CheckedWals verify_files(rocksdb::Env& env, const std::filesystem::path& dir, VerifyReport& report);

}  // namespace outbox::store

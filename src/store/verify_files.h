#pragma once

#include <filesystem>
#include <vector>

#include "store/database.h"
#include "store/verify.h"
#include "store/wal_check.h"

namespace outbox::store {

/// Framing and checksums of all WALs in `dir`, which nobody may hold. Answers the torn tails that
/// opening would cut, and which writes are in the WALs.
CheckedWals verify_wals(rocksdb::Env& env, const std::filesystem::path& dir, VerifyReport& report);

/// Checksums of the tables in `dir` that belong to the database; of all of them when it could not
/// be opened (null).
void verify_tables(rocksdb::Env& env, const std::filesystem::path& dir, const Database* database,
                   VerifyReport& report);

}  // namespace outbox::store

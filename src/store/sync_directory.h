#pragma once

#include <filesystem>

#include "outbox/status.h"

namespace rocksdb {
class Env;
}

namespace outbox::store {

/// Makes the names in `dir` durable.
Status sync_directory(rocksdb::Env& env, const std::filesystem::path& dir);

}  // namespace outbox::store

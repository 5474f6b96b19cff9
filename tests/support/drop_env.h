#pragma once

#include <rocksdb/env.h>

#include <memory>

#include "support/drop_fs.h"

namespace outbox::test {

/// An Env on `fs` that does not sleep: RocksDB waits a second after each failed
/// flush or compaction, which hundreds of power cuts would pay.
std::unique_ptr<rocksdb::Env> make_drop_env(const std::shared_ptr<DropFs>& fs);

}  // namespace outbox::test

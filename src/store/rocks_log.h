#pragma once

#include <memory>

#include "base/log.h"

namespace rocksdb {
class Logger;
}

namespace outbox::store {

/// RocksDB's info log through ours. Always given: the default logger of Debian's
/// RocksDB (assertions on) aborts the process when it cannot write to a full disk.
std::shared_ptr<rocksdb::Logger> make_rocks_log(Log log);

}  // namespace outbox::store

#pragma once

#include <string_view>

#include "outbox/status.h"

namespace rocksdb {
class Status;
}

namespace outbox::store {

/// RocksDB's status in our terms; `doing` is what failed, e.g. "reading
/// durable-tail". No space is kDiskFull, corruption kCorruption, and every
/// other failure kIoError: a file that cannot be read is never "not found".
Status from_rocks(const rocksdb::Status& status, std::string_view doing);

/// Of a database that is there: a file that RocksDB knows of and that is not is kCorruption.
Status from_opening(const rocksdb::Status& status, std::string_view doing);

}  // namespace outbox::store

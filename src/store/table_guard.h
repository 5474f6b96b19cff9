#pragma once

#include <memory>

namespace rocksdb {
class Env;
}

namespace outbox::store {

/// `env`, but a table whose properties do not match their checksum cannot be opened: it is
/// Corruption, as any other damage is. RocksDB takes this one block apart before it looks at the
/// checksum (meta_blocks.cc: ReadTablePropertiesHelper), and the process can die of what it finds
/// there. Nor does it pass tables that no store here writes: with another checksum, or ingested
/// with a sequence number written into their properties. `env` must outlive it.
std::unique_ptr<rocksdb::Env> guard_tables(rocksdb::Env& env);

}  // namespace outbox::store

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "outbox/status.h"
#include "store/wal_reader.h"

namespace rocksdb {
class Env;
}

namespace outbox::store {

/// A WAL, or the MANIFEST, whose end was being written when the power went.
struct TornWal {
  std::string name;  ///< e.g. "000012.log"
  WalScan scan;
};

/// Reads all WALs of the RocksDB in `dir`; changes nothing. The answer lists
/// the WALs that must be cut at scan.whole_bytes: nothing valid follows the
/// damage, in that file or in a newer one. kCorruption: other damage; names
/// file, offset and the next command. Among the WALs is the MANIFEST if its last
/// record lost a sector: RocksDB takes one that is cut short, but refuses this. Other
/// damage of the MANIFEST is left to RocksDB, which refuses it.
Result<std::vector<TornWal>> check_wals(rocksdb::Env& env, const std::filesystem::path& dir);

/// Copies the WAL to `dir`/quarantine (synced), then cuts it. A crash in
/// between is no harm: it can be called again.
Status cut_torn_tail(rocksdb::Env& env, const std::filesystem::path& dir, const TornWal& torn);

/// One line for the operator: what was cut, and where the copy is.
std::string describe_cut(const TornWal& torn);

}  // namespace outbox::store

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

/// The writes that one WAL holds.
struct WalSpan {
  std::uint64_t number = 0;
  std::string name;
  std::uint64_t first_sequence = 0;
  std::uint64_t next_sequence = 0;
};

struct CheckedWals {
  /// Must be cut at scan.whole_bytes: nothing valid follows the damage, in that file or in a
  /// newer one.
  std::vector<TornWal> torn;
  /// Oldest first, without empty ones.
  std::vector<WalSpan> spans;
};

/// Reads all WALs of the RocksDB in `dir`; changes nothing. kCorruption: damage that is no torn
/// tail; names file, offset and the next command. Among the torn is the MANIFEST if its last
/// record lost a sector: RocksDB takes one that is cut short, but refuses this. Other
/// damage of the MANIFEST is left to RocksDB, which refuses it.
Result<CheckedWals> check_wals(rocksdb::Env& env, const std::filesystem::path& dir);

/// Between the WALs from `oldest` on (RocksDB will not replay older ones) no write is missing:
/// their numbers follow each other. kCorruption: a WAL is gone; names those around it. The
/// durable tail knows of entries only, this of everything else that was written.
Status check_wal_chain(const std::filesystem::path& dir, const std::vector<WalSpan>& spans,
                       std::uint64_t oldest);

/// Copies the WAL to `dir`/quarantine (synced), then cuts it. A crash in
/// between is no harm: it can be called again.
Status cut_torn_tail(rocksdb::Env& env, const std::filesystem::path& dir, const TornWal& torn);

/// One line for the operator: what was cut, and where the copy is.
std::string describe_cut(const TornWal& torn);

}  // namespace outbox::store

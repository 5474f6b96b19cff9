#pragma once

#include <cstdint>
#include <string>

#include "outbox/status.h"

namespace rocksdb {
class Env;
}

namespace outbox::store {

/// What one WAL file of RocksDB holds, by its framing alone: blocks of 32 KiB
/// of fragments, each with a masked CRC-32C, a length and a type.
struct WalScan {
  std::uint64_t file_bytes = 0;
  std::uint64_t records = 0;
  /// No record so much as begins in it.
  bool empty = true;
  /// RocksDB's numbers of the first write in the whole records and of the one after the last.
  std::uint64_t first_sequence = 0;
  std::uint64_t next_sequence = 0;
  /// End of the last record that is whole.
  std::uint64_t whole_bytes = 0;
  bool damaged = false;
  /// Where the first bytes stand that are no fragment (damaged only).
  std::uint64_t damage_offset = 0;
  std::string damage;
  /// Another record begins after the damage (damaged only). RocksDB syncs one
  /// record at a time for us, so then the damaged one had been fsynced.
  bool record_after = false;
};

/// "is damaged at byte 17 of 200 (a checksum mismatch)".
std::string describe_damage(const WalScan& scan);

/// Reads the file; changes nothing. `wal_number` is the number in its name.
/// Damage is in the answer; a failed read is kIoError.
Result<WalScan> scan_wal(rocksdb::Env& env, const std::string& path, std::uint64_t wal_number);

}  // namespace outbox::store

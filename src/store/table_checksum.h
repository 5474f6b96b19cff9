#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace outbox::store {

/// As a table's footer names it (rocksdb/table.h: ChecksumType). Those that no table of an outbox
/// ever had are left out.
enum class TableChecksum : char { kNone = 0, kCrc32c = 1, kXxh3 = 4 };

/// As RocksDB stores it behind a block (table/format.cc: ComputeBuiltinChecksum). `block`, which
/// is not empty, ends with the byte that names its compression. nullopt: of no such kind.
std::optional<std::uint32_t> table_checksum(TableChecksum kind, std::string_view block);

}  // namespace outbox::store

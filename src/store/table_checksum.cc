#include "store/table_checksum.h"

// All of it in here: nothing to link, and no symbols that could meet RocksDB's own copy.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/crc32c.h"
#include "store/rocks_crc.h"

namespace outbox::store {
namespace {

// The last byte is not hashed but mixed in (ModifyChecksumForLastByte).
std::uint32_t xxh3(std::string_view block) {
  constexpr std::uint32_t kPrime = 0x6b9083d9;
  const auto hash = static_cast<std::uint32_t>(XXH3_64bits(block.data(), block.size() - 1));
  return hash ^ static_cast<std::uint8_t>(block.back()) * kPrime;
}

}  // namespace

std::optional<std::uint32_t> table_checksum(TableChecksum kind, std::string_view block) {
  switch (kind) {
    case TableChecksum::kNone:
      return std::nullopt;
    case TableChecksum::kCrc32c:
      return masked(crc32c(0, block));
    case TableChecksum::kXxh3:
      return xxh3(block);
  }
  return std::nullopt;
}

}  // namespace outbox::store

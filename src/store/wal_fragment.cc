#include "store/wal_fragment.h"

#include "base/crc32c.h"
#include "base/endian.h"
#include "store/rocks_crc.h"

namespace outbox::store {

namespace {

constexpr std::size_t kTypeAt = 6;

WalFragment bad(const char* why) { return {why, WalFragmentType::kZero, 0}; }

}  // namespace

WalFragment parse_wal_fragment(std::string_view rest, std::uint64_t wal_number) {
  const auto type = static_cast<unsigned char>(rest[kTypeAt]);
  const std::size_t length = get_little<std::uint16_t>(rest.data() + 4);
  std::size_t header_bytes = kWalHeaderBytes;
  if (type == 0 || type > static_cast<unsigned char>(WalFragmentType::kSetCompression)) {
    return bad("not a record");
  }
  const bool recyclable = type >= static_cast<unsigned char>(WalFragmentType::kRecyclableFull) &&
                          type <= static_cast<unsigned char>(WalFragmentType::kRecyclableLast);
  if (recyclable) header_bytes = kWalRecyclableHeaderBytes;
  if (header_bytes + length > rest.size()) return bad("a record that is cut short");
  const std::string_view summed = rest.substr(kTypeAt, header_bytes - kTypeAt + length);
  if (crc32c(0, summed) != unmasked(get_little<std::uint32_t>(rest.data())))
    return bad("a checksum mismatch");
  if (recyclable && get_little<std::uint32_t>(rest.data() + kWalHeaderBytes) !=
                        static_cast<std::uint32_t>(wal_number)) {
    return bad("a record of an earlier use of the file");
  }
  return {nullptr, static_cast<WalFragmentType>(type), header_bytes + length};
}

}  // namespace outbox::store

#pragma once

#include <cstdint>
#include <string_view>

/// The framing of RocksDB's WAL (db/log_format.h of version 7.8.3).
namespace outbox::store {

inline constexpr std::size_t kWalBlockBytes = 32 * 1024;
inline constexpr std::size_t kWalHeaderBytes = 7;
/// Files that may be reused carry the low half of their number in each header.
inline constexpr std::size_t kWalRecyclableHeaderBytes = 11;

enum class WalFragmentType : std::uint8_t {
  kZero = 0,
  kFull = 1,
  kFirst = 2,
  kMiddle = 3,
  kLast = 4,
  kRecyclableFull = 5,
  kRecyclableFirst = 6,
  kRecyclableMiddle = 7,
  kRecyclableLast = 8,
  kSetCompression = 9,
};

/// A fragment at the start of `bytes`, or why there is none.
struct WalFragment {
  /// Null when the fragment is good.
  const char* damage = nullptr;
  WalFragmentType type = WalFragmentType::kZero;
  std::size_t bytes = 0;  ///< with its header

  bool begins() const {
    return type == WalFragmentType::kFull || type == WalFragmentType::kFirst ||
           type == WalFragmentType::kRecyclableFull || type == WalFragmentType::kRecyclableFirst;
  }
  bool ends() const {
    return type == WalFragmentType::kFull || type == WalFragmentType::kLast ||
           type == WalFragmentType::kRecyclableFull || type == WalFragmentType::kRecyclableLast;
  }
};

/// `rest` is what is left of a block, at least kWalHeaderBytes.
WalFragment parse_wal_fragment(std::string_view rest, std::uint64_t wal_number);

}  // namespace outbox::store

#pragma once

#include <cstdint>

namespace outbox::store {

/// RocksDB stores a CRC-32C rotated and with a number added (util/crc32c.h: Mask).
inline constexpr std::uint32_t kMaskDelta = 0xa282ead8;

inline std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15) | (crc << 17)) + kMaskDelta; }

inline std::uint32_t unmasked(std::uint32_t stored) {
  const std::uint32_t rotated = stored - kMaskDelta;
  return (rotated >> 17) | (rotated << 15);
}

}  // namespace outbox::store

#include "base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
#endif

namespace outbox {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1U) ? 0x82F63B78U : 0U);
    table[i] = value;
  }
  return table;
}
constexpr auto kTable = make_table();

#if defined(__x86_64__)
#define OUTBOX_CRC_TARGET __attribute__((target("sse4.2,pclmul")))

/// x^power modulo the polynomial, its lowest bit the highest power.
constexpr std::uint32_t power_of_x(std::size_t power) {
  std::uint32_t value = 0x80000000U;
  for (; power > 0; --power) value = (value >> 1) ^ ((value & 1U) ? 0x82F63B78U : 0U);
  return value;
}

std::uint64_t word_at(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

/// The instruction needs three cycles and can start one in each: three streams of kBytes side by
/// side. Then two of them are moved on by as many zeros as the bytes behind them: the product with
/// x^(8 bytes - 33), since the instruction multiplies by x^32 and a product of two reversed numbers
/// is one bit off.
template <std::size_t kBytes>
OUTBOX_CRC_TARGET std::uint64_t in_threes(std::uint64_t state, std::string_view& data) {
  constexpr std::uint32_t kByOne = power_of_x(8 * kBytes - 33);
  constexpr std::uint32_t kByTwo = power_of_x(16 * kBytes - 33);
  const __m128i by = _mm_set_epi64x(kByOne, kByTwo);
  for (; data.size() >= 3 * kBytes; data.remove_prefix(3 * kBytes)) {
    const char* const at = data.data();
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t i = 0; i < kBytes; i += sizeof(std::uint64_t)) {
      state = _mm_crc32_u64(state, word_at(at + i));
      second = _mm_crc32_u64(second, word_at(at + kBytes + i));
      third = _mm_crc32_u64(third, word_at(at + 2 * kBytes + i));
    }
    const __m128i both =
        _mm_set_epi64x(static_cast<std::int64_t>(second), static_cast<std::int64_t>(state));
    const __m128i moved =
        _mm_xor_si128(_mm_clmulepi64_si128(both, by, 0x00), _mm_clmulepi64_si128(both, by, 0x11));
    state = _mm_crc32_u64(0, static_cast<std::uint64_t>(_mm_cvtsi128_si64(moved))) ^ third;
  }
  return state;
}

OUTBOX_CRC_TARGET std::uint32_t crc32c_sse42(std::uint32_t crc, std::string_view data) {
  std::uint64_t state = ~crc;
  state = in_threes<256>(state, data);
  state = in_threes<64>(state, data);
  for (; data.size() >= sizeof(std::uint64_t); data.remove_prefix(sizeof(std::uint64_t))) {
    state = _mm_crc32_u64(state, word_at(data.data()));
  }
  auto state32 = static_cast<std::uint32_t>(state);
  for (const char byte : data) state32 = _mm_crc32_u8(state32, static_cast<unsigned char>(byte));
  return ~state32;
}
#undef OUTBOX_CRC_TARGET
#endif

}  // namespace

std::uint32_t crc32c_portable(std::uint32_t crc, std::string_view data) {
  std::uint32_t state = ~crc;
  for (const char byte : data) {
    state = (state >> 8) ^ kTable[(state ^ static_cast<unsigned char>(byte)) & 0xFFU];
  }
  return ~state;
}

std::uint32_t crc32c(std::uint32_t crc, std::string_view data) {
#if defined(__x86_64__)
  static const bool has_sse42 =
      __builtin_cpu_supports("sse4.2") != 0 && __builtin_cpu_supports("pclmul") != 0;
  if (has_sse42) return crc32c_sse42(crc, data);
#endif
  return crc32c_portable(crc, data);
}

}  // namespace outbox

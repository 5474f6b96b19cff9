#include "base/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <cstring>
#include <limits>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace outbox {
namespace {

/// ISA-L's works on wide blocks, of which a short piece has none: the processor's own instruction,
/// eight bytes at a time, takes half as long.
constexpr std::size_t kShortBytes = 256;

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t of_short(std::uint32_t state,
                                                         std::string_view data) {
  std::uint64_t wide = state;
  const char* at = data.data();
  std::size_t left = data.size();
  for (; left >= sizeof(std::uint64_t);
       at += sizeof(std::uint64_t), left -= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    wide = _mm_crc32_u64(wide, word);
  }
  state = static_cast<std::uint32_t>(wide);
  for (; left > 0; ++at, --left) state = _mm_crc32_u8(state, static_cast<unsigned char>(*at));
  return state;
}
#endif

std::uint32_t of_any(std::uint32_t state, std::string_view data) {
  constexpr std::size_t kPieceMax = std::numeric_limits<int>::max();
  // It only reads what it has no const for.
  auto* at = reinterpret_cast<unsigned char*>(const_cast<char*>(data.data()));
  for (std::size_t left = data.size(); left > 0;) {
    const std::size_t piece = std::min(left, kPieceMax);
    state = crc32_iscsi(at, static_cast<int>(piece), state);
    at += piece;
    left -= piece;
  }
  return state;
}

}  // namespace

std::uint32_t crc32c(std::uint32_t crc, std::string_view data) {
#if defined(__x86_64__)
  static const bool has_sse42 = __builtin_cpu_supports("sse4.2") != 0;
  if (has_sse42 && data.size() < kShortBytes) return ~of_short(~crc, data);
#endif
  return ~of_any(~crc, data);
}

}  // namespace outbox

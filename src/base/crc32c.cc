#include "base/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <limits>

namespace outbox {

std::uint32_t crc32c(std::uint32_t crc, std::string_view data) {
  constexpr std::size_t kPieceMax = std::numeric_limits<int>::max();
  // It takes and gives the register as it is, and only reads what it has no const for.
  auto* at = reinterpret_cast<unsigned char*>(const_cast<char*>(data.data()));
  std::uint32_t state = ~crc;
  for (std::size_t left = data.size(); left > 0;) {
    const std::size_t piece = std::min(left, kPieceMax);
    state = crc32_iscsi(at, static_cast<int>(piece), state);
    at += piece;
    left -= piece;
  }
  return ~state;
}

}  // namespace outbox

#include "base/crc32c.h"

#include <catch2/catch.hpp>
#include <string>

using outbox::crc32c;
using outbox::crc32c_portable;

namespace {

/// From the polynomial, bit by bit.
std::uint32_t by_definition(std::string_view data) {
  std::uint32_t state = ~0U;
  for (const char byte : data) {
    state ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) state = (state >> 1) ^ ((state & 1U) ? 0x82F63B78U : 0U);
  }
  return ~state;
}

}  // namespace

TEST_CASE("crc32c gives the RFC 3720 vectors") {
  CHECK(crc32c(0, std::string(32, '\0')) == 0x8a9136aaU);
  CHECK(crc32c(0, std::string(32, '\xff')) == 0x62a8ab43U);
  CHECK(crc32c(0, "123456789") == 0xe3069283U);
  CHECK(crc32c(0, "") == 0);
}

TEST_CASE("crc32c goes on from what came before, for any length and place in memory") {
  std::string data;
  for (int i = 0; i < 5000; ++i) data.push_back(static_cast<char>(i * 31 + i / 256));
  const std::string_view view(data);
  const auto whole = by_definition(view);
  for (std::size_t cut = 0; cut <= data.size(); cut += 37) {
    const auto end = crc32c(0, view.substr(cut));
    const auto continued = crc32c(crc32c(0, view.substr(0, cut)), view.substr(cut));
    const bool agree = end == crc32c_portable(0, view.substr(cut));
    if (end != by_definition(view.substr(cut)) || continued != whole || !agree) {
      FAIL("cut at " << cut);
    }
  }
  CHECK(crc32c(0, view) == whole);
}

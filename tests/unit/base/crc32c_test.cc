#include "base/crc32c.h"

#include <catch2/catch.hpp>
#include <string>

using outbox::crc32c;
using outbox::crc32c_portable;

TEST_CASE("crc32c gives the RFC 3720 vectors") {
  CHECK(crc32c(0, std::string(32, '\0')) == 0x8a9136aaU);
  CHECK(crc32c(0, std::string(32, '\xff')) == 0x62a8ab43U);
  CHECK(crc32c(0, "123456789") == 0xe3069283U);
}

TEST_CASE("crc32c goes on from what came before, and both versions agree") {
  std::string data;
  for (int i = 0; i < 1000; ++i) data.push_back(static_cast<char>(i * 31));
  const auto whole = crc32c(0, data);
  for (std::size_t cut = 0; cut <= data.size(); cut += 37) {
    const std::string_view view(data);
    CHECK(crc32c(crc32c(0, view.substr(0, cut)), view.substr(cut)) == whole);
    CHECK(crc32c_portable(0, view.substr(cut)) == crc32c(0, view.substr(cut)));
  }
}

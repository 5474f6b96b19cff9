#include "store/lane_hints.h"

#include <catch2/catch.hpp>

#include "store/format.h"

namespace outbox::store {

TEST_CASE("lane hints: one for each lane, as far as an eighth of the memtable goes") {
  const auto hints = lane_hints(std::size_t{1} << 20);
  const std::string first = entry_key(7, 1);
  const std::string second = entry_key(7, 2);
  CHECK(hints->InDomain(first));
  CHECK(hints->Transform(first) == hints->Transform(second));
  CHECK(hints->Transform(first) != hints->Transform(entry_key(8, 1)));
  CHECK(hints->InDomain(entry_key(512, 1)));
  CHECK_FALSE(hints->InDomain(entry_key(513, 1)));
  CHECK_FALSE(hints->InDomain("no entry"));
}

}  // namespace outbox::store

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "rocksdb/env.h"
#include "store/holder.h"
#include "store/verify.h"
#include "support/files_of.h"
#include "support/newer_store.h"
#include "unit/store/fixture.h"

// What a later program wrote is refused as that: by its version, with what to do, and never as
// damage, which would send its owner to salvage.
namespace outbox::test {
namespace {

namespace fs = std::filesystem;

void check_refused(const Status& status) {
  CHECK(status.code() == Code::kUnknownVersion);
  CHECK_THAT(status.message(), Catch::Contains("version 2, this program knows 1") &&
                                   Catch::Contains("the program that wrote it, or a newer one") &&
                                   !Catch::Contains("damage") && !Catch::Contains("verify"));
}

/// What status, peek and dead list ask for, until the first refusal.
Status read_along(const fs::path& dir) {
  const auto reader = store::Reader::open(dir, {});
  if (!reader.ok()) return reader.status();
  const Status stats = (*reader)->stats().status();
  const Status entries = (*reader)->peek("orders", 3, 1).status();
  const Status dead = (*reader)->dead_letters("orders", 0, 1).status();
  for (const Status& status : {stats, entries, dead}) {
    if (!status.ok()) return status;
  }
  return {};
}

}  // namespace

TEST_CASE("newer format: refused by name wherever its version stands, and nothing is changed") {
  const TempDir temp;
  const fs::path dir = temp.path() / "box";
  {
    const auto store = open_store(dir);
    for (int i = 0; i < 5; ++i) REQUIRE(store->append(message("orders", "v"), {}).ok());
    REQUIRE(store->bury(lane_id(*store, "orders"), 1, 0, "for the test", settled(1)).ok());
  }
  REQUIRE(read_along(dir).ok());
  const Newer place =
      GENERATE(Newer::kStore, Newer::kDurableTail, Newer::kRecords, Newer::kDeadRecords);
  CAPTURE(place);
  make_newer(dir, place);
  const auto before = files_of(dir);

  check_refused(read_along(dir));
  check_refused(store::verify(dir, Options{}, *rocksdb::Env::Default()).status());
  CHECK(files_of(dir) == before);
  check_refused(store::Store::open(dir, {}).status());
  // Who held it last stands in a file of its own.
  auto after = files_of(dir);
  after["holder"] = before.at("holder");
  CHECK(after == before);
}

TEST_CASE("newer format: the newest record alone is enough to refuse") {
  const TempDir temp;
  const fs::path dir = temp.path() / "box";
  for (int i = 0; i < 2; ++i) REQUIRE(open_store(dir)->append(message("orders", "v"), {}).ok());
  make_newer(dir, Newer::kRecords);
  check_refused(store::Store::open(dir, {}).status());
  check_refused(store::verify(dir, Options{}, *rocksdb::Env::Default()).status());
}

}  // namespace outbox::test

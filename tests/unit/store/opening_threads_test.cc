#include <rocksdb/env.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "store/database.h"
#include "support/temp_dir.h"

namespace outbox::store {

TEST_CASE("opening: threads by the number of tables, not sixteen for a family without any") {
  const test::TempDir dir;
  rocksdb::Env& env = *rocksdb::Env::Default();
  int tables = 0;
  const auto threads_with = [&](int wanted) {
    for (; tables < wanted; ++tables) std::ofstream(dir.path() / (std::to_string(tables) + ".sst"));
    return opening_threads(dir.path(), env);
  };
  std::ofstream(dir.path() / "000004.log");
  CHECK(threads_with(0) == 1);
  CHECK(threads_with(7) == 1);
  CHECK(threads_with(8) == 2);
  CHECK(threads_with(500) == 16);
  CHECK(opening_threads(dir.path() / "absent", env) == 1);
}

}  // namespace outbox::store

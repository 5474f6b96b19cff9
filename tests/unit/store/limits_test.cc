#include <future>

#include "fixture.h"
#include "outbox/outbox.h"
#include "support/wait.h"

namespace outbox::test {
namespace {

using std::chrono::milliseconds;

const std::string kTenKb(10'000, 'x');

Options refusing() {
  Options options;
  options.when_full = WhenFull::kRefuse;
  return options;
}

}  // namespace

TEST_CASE("limits: bytes come back as they were taken, however often the outbox turns over") {
  const TempDir dir;
  Options options = refusing();
  options.pending_bytes_max = 4'096;
  auto store = open_store(dir.path(), options);
  // The smallest messages: what is counted a few bytes wrong each time adds up fastest.
  Message tiny;
  tiny.topic = "t";
  Seq seq = 0;
  const auto fill = [&] {
    std::uint64_t taken = 0;
    for (;; ++taken, ++seq) {
      const auto appended = store->append(tiny, {});
      if (appended.ok()) continue;
      REQUIRE(appended.status().code() == Code::kFull);
      return taken;
    }
  };
  const std::uint64_t room = fill();
  REQUIRE(room > 10);
  for (int round = 0; round < 20; ++round) {
    // All but one, so that a drift is not hidden by an empty outbox.
    store->advance(1, settled(seq - 1), room - 1);
    REQUIRE(fill() == room - 1);
  }
}

TEST_CASE("limits: refused and repeated messages give back exactly what they took") {
  const TempDir dir;
  Options options = refusing();
  options.pending_bytes_max = 4'096;
  auto store = open_store(dir.path(), options);
  for (int i = 0; i < 1'000; ++i) REQUIRE(store->append(keyed("t", "same"), {}).ok());
  std::uint64_t taken = 0;
  while (store->append(message("t", "x"), {}).ok()) ++taken;
  const TempDir fresh_dir;
  auto fresh = open_store(fresh_dir.path(), options);
  REQUIRE(fresh->append(keyed("t", "same"), {}).ok());
  std::uint64_t expected = 0;
  while (fresh->append(message("t", "x"), {}).ok()) ++expected;
  CHECK(taken == expected);
}

TEST_CASE("limits: a backlog counts against pending_bytes_max after a reopen without progress") {
  const TempDir dir;
  {
    auto store = open_store(dir.path(), refusing());
    for (int i = 0; i < 100; ++i) REQUIRE(store->append(message("t", kTenKb), {}).ok());
  }
  Options options = refusing();
  options.pending_bytes_max = 2'000'000;  // key and value: 20 kB an entry
  auto store = open_store(dir.path(), options);
  CHECK(store->append(message("t", kTenKb), {}).status().code() == Code::kFull);
  store->advance(1, settled(90), 90);
  CHECK(store->append(message("t", kTenKb), {}).ok());
}

}  // namespace outbox::test

#include "store/session.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "unit/store/fixture.h"

namespace outbox::test {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kNow_ms = 1'764'115'200'000;

}  // namespace

TEST_CASE("session: goes up, whatever the clock and the random bits do") {
  store::SessionId last = 0;
  for (const std::int64_t now_ms :
       {kNow_ms, kNow_ms, kNow_ms - 1, std::int64_t{0}, std::int64_t{-5'000}, kNow_ms + 10'000}) {
    for (const std::uint32_t random : {0xffffffffU, 0U}) {
      const store::SessionId session = store::next_session(now_ms, last, random);
      CHECK(session > last);
      last = session;
    }
  }
}

TEST_CASE("session: above one that was the time in milliseconds, and read by JSON as it is") {
  const store::SessionId session = store::next_session(kNow_ms, kNow_ms, 0xffffffffU);
  CHECK(session > static_cast<store::SessionId>(kNow_ms));
  CHECK(store::next_session(0, kNow_ms, 0) > static_cast<store::SessionId>(kNow_ms));
  CHECK(session < store::SessionId{1} << 53);
}

TEST_CASE("session: copies opened at the same moment do not share one") {
  const TempDir temp;
  ManualClock clock;
  const fs::path dir = temp.path() / "box";
  { (void)open_store(dir, {}, {nullptr, &clock})->append(message("orders", "1"), {}); }
  std::set<store::SessionId> sessions;
  for (int copy = 0; copy < 4; ++copy) {
    const fs::path to = temp.path() / std::to_string(copy);
    fs::copy(dir, to, fs::copy_options::recursive);
    sessions.insert(open_store(to, {}, {nullptr, &clock})->session());
  }
  CHECK(sessions.size() == 4);
}

}  // namespace outbox::test

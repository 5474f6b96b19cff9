#include <catch2/catch.hpp>

#include "store/progress_book.h"
#include "support/wait.h"
#include "unit/store/fixture.h"

using namespace outbox;

TEST_CASE("progress of many entries becomes durable without waiting for the clock") {
  const test::TempDir dir;
  const test::ManualClock clock;
  store::StoreSeams seams;
  seams.clock = &clock;
  const auto store = test::open_store(dir.path(), {}, seams);
  constexpr Seq kEntries = store::ProgressBook::kUnrecordedMax;
  REQUIRE(store->append_batch(std::vector<Message>(kEntries, test::message("t", "v"))).ok());
  const store::LaneId lane = test::lane_id(*store, "t");
  store->advance(lane, test::settled(kEntries - 1), kEntries - 1);
  store->advance(lane, test::settled(kEntries), 1);
  CHECK(test::wait_until([&] { return *store->settled_through("t") == kEntries; },
                         std::chrono::seconds(10)));
}

#include <catch2/catch.hpp>

#include "store/progress_book.h"
#include "support/wait.h"
#include "unit/store/fixture.h"

using namespace outbox;

namespace {

class Listener final : public store::Drainer {
 public:
  void on_durable(const store::SlabPtr& /*slab*/) override {}
  void on_recorded() override { ++recorded; }
  Result<PurgeRecord> purge(const std::string& /*topic*/, Seq /*through*/,
                            const std::string& /*who*/) override {
    return Status(Code::kClosed, "not here");
  }
  std::string lane_state(store::LaneId /*lane*/) const override { return "flowing"; }

  std::atomic<int> recorded = 0;
};

}  // namespace

TEST_CASE("progress becomes durable without waiting for the clock when it is asked for") {
  const test::TempDir dir;
  const test::ManualClock clock;
  store::StoreSeams seams;
  seams.clock = &clock;
  const auto store = test::open_store(dir.path(), {}, seams);
  Listener listener;
  REQUIRE(store->set_drainer(&listener).ok());
  REQUIRE(store->append_batch(std::vector<Message>(100, test::message("t", "v"))).ok());
  const store::LaneId lane = test::lane_id(*store, "t");
  store->advance(lane, test::settled(60), 60);
  CHECK(store->unrecorded() == 60);
  store->advance(lane, test::settled(99), 39);
  CHECK(store->unrecorded() == 99);
  CHECK(*store->settled_through("t") == 0);
  CHECK(listener.recorded == 0);
  store->record_soon();
  REQUIRE(test::wait_until([&] { return store->unrecorded() == 0; }, std::chrono::seconds(10)));
  CHECK(*store->settled_through("t") == 99);
  CHECK(test::wait_until([&] { return listener.recorded == 1; }, std::chrono::seconds(10)));
  REQUIRE(store->set_drainer(nullptr).ok());
}

// What is settled and not durably so would be flushed with the memtable.
TEST_CASE("progress rides with a group after so many bytes, though the clock stands") {
  const test::TempDir dir;
  const test::ManualClock clock;
  store::StoreSeams seams;
  seams.clock = &clock;
  const auto store = test::open_store(dir.path(), {}, seams);
  REQUIRE(store->append_batch(std::vector<Message>(100, test::message("t", "v"))).ok());
  const store::LaneId lane = test::lane_id(*store, "t");
  const auto append = [&](std::size_t bytes) {
    REQUIRE(store->append(test::message("t", std::string(bytes, 'v')), {}).ok());
  };
  store->advance(lane, test::settled(60), 60);
  append(1);  // the first one may take it along
  store->advance(lane, test::settled(99), 39);
  append(1);
  CHECK(store->unrecorded() > 0);
  for (int i = 0; i < 3; ++i) append(500'000);
  append(1);
  CHECK(store->unrecorded() == 0);
  CHECK(*store->settled_through("t") == 99);
}

#include "store/group_builder.h"
#include "store/progress_rides.h"
#include "support/wait.h"
#include "unit/store/committer_fixture.h"

namespace outbox::test {
namespace {

using std::chrono::seconds;

/// Cuts the power as soon as a lane has so many entries.
class PowerCut final : public Recorder {
 public:
  PowerCut(const Disk& disk, Seq entries) : disk_(disk), entries_(entries) {}
  void on_durable(const store::SlabPtr& slab) override {
    Recorder::on_durable(slab);
    for (const auto& [lane, seq] : last) {
      if (seq >= entries_) disk_.fs->cut_power();
    }
  }

 private:
  const Disk& disk_;
  const Seq entries_;
};

/// A message whose fsync hangs until release(), and two behind it that do not fit into one group.
class ThreeGroups {
 public:
  /// The results must outlive the store, and this must not.
  ThreeGroups(const Disk& disk, store::Store& store, Results& results)
      : disk_(disk), store_(store), results_(results) {}
  ~ThreeGroups() { disk_.fs->hang_syncs({}); }
  ThreeGroups(const ThreeGroups&) = delete;
  ThreeGroups& operator=(const ThreeGroups&) = delete;

  void append() {
    disk_.fs->hang_syncs(".log");
    store_.append_async(message("t", "first"), results_.callback(), {});
    REQUIRE(wait_until([&] { return disk_.fs->hanging() > 0; }, seconds(30)));
    Message large = message("t", "large");
    large.value = std::string(store::GroupBuilder::kBytesMax * 3 / 4, 'x');
    for (int i = 0; i < 2; ++i) store_.append_async(large, results_.callback(), {});
  }
  /// What each got.
  std::vector<Code> release() {
    disk_.fs->hang_syncs({});
    REQUIRE(results_.wait_for(3));
    return results_.codes;
  }

 private:
  const Disk& disk_;
  store::Store& store_;
  Results& results_;
};

}  // namespace

TEST_CASE("committer: groups that waited behind one that failed are refused") {
  const Disk disk;
  {
    Results results;
    auto store = disk.open();
    ThreeGroups groups(disk, *store, results);
    groups.append();
    FsFault fault;
    fault.ops = kFsSync;
    fault.path_contains = ".log";
    disk.fs->fail(fault);
    CHECK(groups.release() == std::vector{Code::kIndeterminate, Code::kPoisoned, Code::kPoisoned});
    disk.fs->heal();
  }
  // The first was in the file before its fsync failed.
  auto store = disk.open();
  CHECK(store->peek("t", 1, 10)->size() == 1);
  CHECK(store->append(message("t", "next"), {})->seq == 2);
}

TEST_CASE("committer: a lane's record tells of nothing that only a later group has") {
  const Disk disk;
  ManualClock clock;
  {
    Results results;
    PowerCut cut(disk, 3);
    auto store = disk.open({}, &clock);
    REQUIRE(store->set_drainer(&cut).ok());
    REQUIRE(store->append(message("t", "zeroth"), {}).ok());
    ThreeGroups groups(disk, *store, results);
    groups.append();
    store->advance(lane_id(*store, "t"), settled(1), 1);
    clock.now_ms += 10 * store::ProgressRides::kEveryMs;  // goes with the second group
    CHECK(groups.release() == std::vector{Code::kOk, Code::kOk, Code::kIndeterminate});
    CHECK(*store->settled_through("t") == 1);
    REQUIRE(store->set_drainer(nullptr).ok());
  }
  disk.fs->restore_power(1, Keep::kSynced);
  auto store = disk.open();
  CHECK(store->stats()->lanes.at(0).head == 2);
  CHECK(store->peek("t", 2, 10)->size() == 2);
  CHECK(store->append(message("t", "next"), {})->seq == 4);
}

TEST_CASE("committer: a message that nobody wants to hear of is copied before the call returns") {
  const Disk disk;
  auto store = disk.open();
  disk.fs->hang_syncs(".log");
  store->append_async(message("t", "first"), {}, {});
  REQUIRE(wait_until([&] { return disk.fs->hanging() > 0; }, seconds(30)));
  Message second = message("t", "second");
  store->append_async(second, {}, {});
  second.value->assign("nobody");
  disk.fs->hang_syncs({});
  REQUIRE(store->append(message("t", "third"), {}).ok());
  const auto slab = store->read(lane_id(*store, "t"), 1, 10, std::size_t{1} << 20);
  REQUIRE(slab.ok());
  REQUIRE((*slab)->entries().size() == 3);
  CHECK((*slab)->entries()[1].record.find("second") != std::string_view::npos);
}

}  // namespace outbox::test

#include <catch2/catch.hpp>
#include <memory>
#include <random>

#include "crash/fake_drainer.h"
#include "crash/rig.h"
#include "support/wait.h"

// A quota runs full, is freed by draining or raised, with nothing lost.
namespace outbox::test {
namespace {

constexpr std::uint64_t kQuotaBytes = std::uint64_t{12} << 20;
constexpr std::size_t kEntryBytes = 4'000;
constexpr int kAppendsMax = 20'000;
constexpr std::uint64_t kCycles = 25;
constexpr std::uint64_t kCyclesPerDirectory = 5;
constexpr std::uint64_t kFreeBytesMax = std::uint64_t{2} << 20;
constexpr int kAppendsPerProducer = 300;
constexpr std::chrono::milliseconds kSpaceBack_ms{20'000};

bool is_full(const Status& status) {
  return status.code() == Code::kDiskFull || status.code() == Code::kFull;
}

/// Appends until it is refused.
Status fill(store::Store& store, Oracle& oracle) {
  for (int i = 0; i < kAppendsMax; ++i) {
    const auto result = append_one(store, oracle, "orders", kEntryBytes);
    if (!result.ok()) return result.status();
  }
  return {};
}

void check(Rig& rig, store::Store& store) {
  rig.oracle().check(store);
  for (const std::string& what : rig.oracle().violations()) UNSCOPED_INFO(what);
  REQUIRE(rig.oracle().violations().empty());
}

}  // namespace

TEST_CASE("full disk: above the reserve appends are refused, the drain side goes on") {
  Rig rig;
  Options options = Rig::small_options();
  options.disk_reserve_bytes = kQuotaBytes / 3;
  options.when_full = WhenFull::kRefuse;
  rig.fs().set_quota_bytes(kQuotaBytes);
  auto store = rig.open(options);
  REQUIRE(store.ok());
  const Status refused = fill(**store, rig.oracle());
  CAPTURE(refused.to_string());
  REQUIRE(is_full(refused));
  CHECK((*store)->health().code() != Code::kPoisoned);
  {
    FakeDrainer drainer(**store, rig.oracle(), 5);
    drainer.drain_all();
    REQUIRE((*store)->sync_progress().ok());
  }
  const auto lane = (*store)->lanes().at(0);
  CHECK(lane.progress.head == lane.tail + 1);
  // What was delivered is given back, and appends are taken again.
  CHECK(wait_until([&] { return append_one(**store, rig.oracle(), "orders", kEntryBytes).ok(); },
                   kSpaceBack_ms));
  store->reset();
  store = rig.open(options);
  REQUIRE(store.ok());
  check(rig, **store);
}

TEST_CASE("full disk: no reserve, the disk really is full: no abort, no loss, reopens when freed") {
  Rig rig;
  rig.fs().set_quota_bytes(kQuotaBytes);
  {
    auto store = rig.open();
    REQUIRE(store.ok());
    const Status refused = fill(**store, rig.oracle());
    CAPTURE(refused.to_string());
    CHECK((is_full(refused) || refused.indeterminate() || refused.code() == Code::kPoisoned));
    FakeDrainer drainer(**store, rig.oracle(), 5);
    drainer.drain_all();
    (void)(*store)->sync_progress().ok();
  }
  {
    auto while_full = rig.open();
    if (while_full.ok()) check(rig, **while_full);
  }
  rig.fs().set_quota_bytes({});
  auto store = rig.open();
  CAPTURE(store.status().to_string());
  REQUIRE(store.ok());
  check(rig, **store);
  CHECK(append_one(**store, rig.oracle(), "orders", kEntryBytes).ok());
}

TEST_CASE("full disk: filled and freed again and again, keeps what was OK") {
  Campaign campaign("full-disk", kCycles);
  std::unique_ptr<Rig> rig;
  std::uint64_t directory = 0;
  while (campaign.next()) {
    if (campaign.cycle() % kCyclesPerDirectory == 0) {
      rig = std::make_unique<Rig>();
      directory = campaign.cycle();
    }
    INFO(campaign.replay(directory));
    const Counts before = rig->oracle().counts();
    std::mt19937_64 random(campaign.seed());
    // Full at any moment: of an append, a flush, a compaction, a rotation.
    rig->fs().set_quota_bytes(rig->fs().used_bytes() + random() % kFreeBytesMax);
    {
      auto store = rig->open();
      if (store.ok()) work(**store, rig->oracle(), random(), kAppendsPerProducer);
    }
    if (random() % 2 == 0) {
      auto while_full = rig->open();
      if (while_full.ok()) check(*rig, **while_full);
    }
    rig->fs().set_quota_bytes({});
    auto store = rig->open();
    CAPTURE(store.status().to_string());
    REQUIRE(store.ok());
    check(*rig, **store);
    campaign.add(rig->oracle().counts() - before);
  }
}

}  // namespace outbox::test

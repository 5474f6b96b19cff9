#include <catch2/catch.hpp>
#include <iostream>

#include "crash/fake_drainer.h"
#include "crash/rig.h"

// Each file operation of a short life of a store fails in turn: once, and for
// ever. Nothing may abort, hang, or contradict what was answered.
namespace outbox::test {
namespace {

/// So many calls fail in turn; a longer scenario is sampled.
constexpr std::uint64_t kPoints = 160;

/// Opens, appends, batches, drains, closes, opens and appends again.
void scenario(Rig& rig) {
  for (int round = 0; round < 2; ++round) {
    auto store = rig.open();
    if (!store.ok()) return;
    for (int i = 0; i < 3; ++i) {
      (void)append_one(**store, rig.oracle(), "orders", 200).ok();
      (void)append_one(**store, rig.oracle(), "audit", 40'000).ok();
    }
    FakeDrainer drainer(**store, rig.oracle(), 3);
    drainer.drain_all();
    (void)(*store)->sync_progress().ok();
    (void)append_one(**store, rig.oracle(), "orders", 200).ok();
  }
}

void judge(Rig& rig, const FsFault& fault) {
  INFO("call " << fault.nth << (fault.forever ? " and all after it" : "") << ", error "
               << fault.error);
  auto store = rig.open();
  INFO((store.ok() ? std::string() : store.status().to_string()));
  REQUIRE(store.ok());
  rig.oracle().check(**store);
  for (const std::string& what : rig.oracle().violations()) UNSCOPED_INFO(what);
  REQUIRE(rig.oracle().violations().empty());
  REQUIRE(append_one(**store, rig.oracle(), "orders", 10).ok());
}

}  // namespace

TEST_CASE("each failing call: the answers hold after healing and reopening") {
  const bool forever = GENERATE(false, true);
  const int error = GENERATE(EIO, ENOSPC);
  std::uint64_t calls = 0;
  {
    Rig rig;
    scenario(rig);
    calls = rig.fs().count(kFsAny);
  }
  const std::string row = std::string("failing-call-") + (error == EIO ? "eio" : "enospc") +
                          (forever ? "-for-ever" : "-once");
  Campaign campaign(row, kPoints);
  const std::uint64_t step = calls / campaign.cycles() + 1;
  while (campaign.next()) {
    FsFault fault;
    fault.nth = 1 + (campaign.cycle() * step + base_seed() % step) % calls;
    fault.forever = forever;
    fault.error = error;
    Rig rig;
    rig.fs().fail(fault);
    scenario(rig);
    rig.fs().heal();
    INFO(campaign.replay(0));
    judge(rig, fault);
    campaign.add(rig.oracle().counts());
  }
  std::cout << row << ": every " << step << "th of " << calls << " calls\n";
}

TEST_CASE("a failed fsync of the WAL: in doubt, then poisoned, then reopened") {
  Rig rig;
  {
    auto store = rig.open();
    REQUIRE(store.ok());
    REQUIRE(append_one(**store, rig.oracle(), "orders", 100).ok());
    FsFault fault;
    fault.ops = kFsSync;
    fault.path_contains = ".log";
    rig.fs().fail(fault);
    const auto first = append_one(**store, rig.oracle(), "orders", 100);
    REQUIRE_FALSE(first.ok());
    CHECK(first.status().indeterminate());
    // The fault is over, the store does not try again on its own.
    const auto second = append_one(**store, rig.oracle(), "orders", 100);
    REQUIRE_FALSE(second.ok());
    CHECK(second.status().code() == Code::kPoisoned);
    CHECK((*store)->health().code() == Code::kPoisoned);
    CHECK_FALSE((*store)->sync_progress().ok());
  }
  auto store = rig.open();
  REQUIRE(store.ok());
  rig.oracle().check(**store);
  CHECK(append_one(**store, rig.oracle(), "orders", 100).ok());
  for (const std::string& what : rig.oracle().violations()) FAIL_CHECK(what);
}

}  // namespace outbox::test

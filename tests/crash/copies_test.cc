#include <unistd.h>

#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "crash/fake_drainer.h"
#include "crash/rig.h"

// Old copies of the directory, clocks that jump, and two processes that want the same outbox.
namespace outbox::test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kCycles = 20;
constexpr std::size_t kBytes = 200;
constexpr std::int64_t kTenYears_ms = std::int64_t{10} * 365 * 24 * 3600 * 1'000;

struct JumpingClock final : Clock {
  std::int64_t mono_ms() const override { return ++mono; }
  std::int64_t wall_ms() const override { return wall; }
  mutable std::atomic<std::int64_t> mono{1'000};
  std::atomic<std::int64_t> wall{1'800'000'000'000};
};

Result<std::unique_ptr<store::Store>> open_at(Rig& rig, const fs::path& dir, const Clock& clock) {
  store::StoreSeams seams;
  seams.env = &rig.env();
  seams.clock = &clock;
  Options options = Rig::small_options();
  options.open_deadline_ms = std::chrono::milliseconds(0);
  return store::Store::open(dir, options, seams);
}

}  // namespace

TEST_CASE("clock jumps: sessions go up, numbers stay dense, nothing is lost") {
  Campaign campaign("clock-jump", kCycles);
  while (campaign.next()) {
    INFO(campaign.replay());
    std::mt19937_64 random(campaign.seed());
    Rig rig;
    JumpingClock clock;
    store::SessionId last = 0;
    Seq next = 1;
    for (int opening = 0; opening < 6; ++opening) {
      auto store = open_at(rig, rig.dir(), clock);
      REQUIRE(store.ok());
      CHECK((*store)->session() > last);
      last = (*store)->session();
      rig.oracle().check(**store);
      for (int i = 0; i < 10; ++i) {
        clock.wall += static_cast<std::int64_t>(random() % (2 * kTenYears_ms)) - kTenYears_ms;
        clock.mono += static_cast<std::int64_t>(random() % kTenYears_ms);
        const auto appended = append_one(**store, rig.oracle(), "orders", kBytes);
        REQUIRE(appended.ok());
        CHECK(appended->seq == next++);
      }
      if (opening % 2 == 0) {
        FakeDrainer drainer(**store, rig.oracle(), random());
        drainer.drain_all();
        CHECK((*store)->sync_progress().ok());
      }
    }
    auto store = open_at(rig, rig.dir(), clock);
    REQUIRE(store.ok());
    rig.oracle().check(**store);
    campaign.add(rig.oracle().counts());
    for (const std::string& what : rig.oracle().violations()) FAIL_CHECK(what);
  }
}

TEST_CASE("a restored old copy: numbers come again, never under a session that was used") {
  Campaign campaign("restored-copy", kCycles);
  while (campaign.next()) {
    INFO(campaign.replay());
    std::mt19937_64 random(campaign.seed());
    Rig rig;
    JumpingClock clock;
    // A clock that stands, or was put back, tells no two openings apart.
    const int step_ms = random() % 2 == 0 ? 1 : 0;
    // What consumers have seen: (session, number) is one message for ever.
    std::set<std::pair<store::SessionId, Seq>> used;
    const auto live = [&](const fs::path& dir, std::uint64_t appends) {
      auto store = open_at(rig, dir, clock);
      REQUIRE(store.ok());
      Counts counts;
      for (std::uint64_t i = 0; i < appends; ++i, ++counts.entries) {
        clock.wall += step_ms;
        Message message;
        message.topic = "orders";
        message.value = std::string(kBytes, 'v');
        const auto appended = (*store)->append(message, {});
        REQUIRE(appended.ok());
        counts.doubled += used.emplace((*store)->session(), appended->seq).second ? 0 : 1;
      }
      CHECK(counts.doubled == 0);
      campaign.add(counts);
    };
    live(rig.dir(), 1 + random() % 30);
    const fs::path copy = rig.dir().parent_path() / "copy";
    fs::copy(rig.dir(), copy, fs::copy_options::recursive);
    for (std::uint64_t i = random() % 3 + 1; i > 0; --i) live(rig.dir(), 1 + random() % 30);
    live(copy, 60);
  }
}

TEST_CASE("two openers: while one holds the outbox every other is refused by name") {
  Campaign campaign("second-opener", kCycles);
  while (campaign.next()) {
    INFO(campaign.replay());
    Rig rig;
    const JumpingClock clock;
    auto first = open_at(rig, rig.dir(), clock);
    REQUIRE(first.ok());
    Counts counts;
    for (int i = 0; i < 5; ++i) {
      REQUIRE(append_one(**first, rig.oracle(), "orders", kBytes).ok());
      const auto second = open_at(rig, rig.dir(), clock);
      REQUIRE_FALSE(second.ok());
      CHECK(second.status().code() == Code::kBusy);
      CHECK(second.status().message().find("pid " + std::to_string(::getpid())) !=
            std::string::npos);
      FakeDrainer drainer(**first, rig.oracle(), campaign.seed());
      CHECK((*first)->set_drainer(&drainer).code() == Code::kBusy);
    }
    counts.entries = rig.oracle().ok_count();
    campaign.add(counts);
  }
}

}  // namespace outbox::test

#include <catch2/catch.hpp>
#include <future>
#include <random>
#include <vector>

#include "crash/fake_drainer.h"
#include "crash/rig.h"
#include "support/wait.h"

// An fsync that does not return for a long time, or never.
namespace outbox::test {
namespace {

constexpr std::uint64_t kCycles = 30;
constexpr std::size_t kCallers = 4;
constexpr std::size_t kBytes = 300;
constexpr std::chrono::milliseconds kHangs_ms{20'000};

using Answer = std::future<Result<Appended>>;

bool answered(const Answer& answer) {
  return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

std::vector<Answer> append_from_threads(store::Store& store, Oracle& oracle) {
  std::vector<Answer> answers;
  for (std::size_t i = 0; i < kCallers; ++i) {
    answers.push_back(std::async(std::launch::async, [&store, &oracle] {
      return append_one(store, oracle, "orders", kBytes);
    }));
  }
  return answers;
}

}  // namespace

TEST_CASE("hung fsync: nothing is OK before it returns, everything else goes on") {
  Campaign campaign("hung-fsync", kCycles);
  while (campaign.next()) {
    INFO(campaign.replay());
    std::mt19937_64 random(campaign.seed());
    Rig rig;
    const bool power_goes = random() % 2 == 0;
    {
      auto store = rig.open();
      REQUIRE(store.ok());
      for (std::uint64_t i = random() % 20 + 1; i > 0; --i) {
        REQUIRE(append_one(**store, rig.oracle(), "orders", kBytes).ok());
      }
      rig.fs().hang_syncs(".log");
      std::vector<Answer> answers = append_from_threads(**store, rig.oracle());
      REQUIRE(wait_until([&] { return rig.fs().hanging() > 0; }, kHangs_ms));
      // Reading and draining wait for no write.
      CHECK((*store)->stats().ok());
      {
        FakeDrainer drainer(**store, rig.oracle(), campaign.seed());
        CHECK((*store)->read(1, 1, 10, kBytes).ok());
      }
      for (const Answer& answer : answers) CHECK_FALSE(answered(answer));
      if (power_goes) {
        rig.fs().cut_power();
      } else {
        rig.fs().hang_syncs({});
      }
      for (Answer& answer : answers) {
        const Result<Appended> result = answer.get();
        CHECK(result.ok() != power_goes);
      }
      rig.fs().cut_power();
    }
    rig.fs().hang_syncs({});
    rig.fs().restore_power(random());
    auto store = rig.open();
    REQUIRE(store.ok());
    rig.oracle().check(**store);
    campaign.add(rig.oracle().counts());
    for (const std::string& what : rig.oracle().violations()) FAIL_CHECK(what);
  }
}

}  // namespace outbox::test

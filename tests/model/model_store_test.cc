// The real store under the relay core: power cuts and failing writes at random disk operations,
// with the brokers and the faults of model_core.

#include <malloc.h>

#include <catch2/catch.hpp>
#include <iostream>
#include <string>

#include "model/real_store.h"
#include "model/world.h"

namespace outbox::model {
namespace {

constexpr std::uint64_t kRuns = 2'800;
constexpr std::uint64_t kRunsMin = 5;
/// So many have every kind of event among them.
constexpr std::uint64_t kRunsAllMin = 300;
constexpr std::uint64_t kChangesMax = 150;
constexpr int kKeptBytesMin = 64 << 20;

/// A World whose relay dies with the power.
class PoweredWorld : public World {
 public:
  explicit PoweredWorld(std::uint64_t seed)
      : World(seed, Mutant::kNone), random_(seed), real_(s_, random_.next()) {
    slow_down();
    s_.store.set_backend(&real_);
    real_.arm(1 + random_.below(kChangesMax));
  }

 protected:
  void after_death() override {
    real_.restart();
    if (++cycles_ < kCyclesMax) real_.arm(1 + random_.below(kChangesMax));
  }
  bool dying() const override { return real_.dying(); }
  void at_the_end() override {
    if (s_.verdicts.clean()) real_.check_ledger();
  }

 private:
  static constexpr int kCyclesMax = 8;

  Rng random_;
  RealStore real_;
  int cycles_ = 0;
};

/// A store is opened thousands of times: its memory need not come from the kernel each time.
void keep_freed_memory() {
  ::mallopt(M_MMAP_THRESHOLD, kKeptBytesMin);
  ::mallopt(M_TRIM_THRESHOLD, kKeptBytesMin);
}

}  // namespace

TEST_CASE("store and core keep their promises through power cuts") {
  keep_freed_memory();
  test::Campaign campaign("model-store", kRuns);
  Happened happened;
  while (campaign.next()) {
    const RunResult result = PoweredWorld(campaign.seed()).run();
    campaign.add(counts_of(result));
    INFO(campaign.replay());
    for (const std::string& what : result.wrong) UNSCOPED_INFO(what);
    REQUIRE(result.wrong.empty());
    happened += result.happened;
  }
  std::cout << happened.text() << std::endl;
  if (campaign.cycles() >= kRunsMin) CHECK(happened.of(Event::kPowerCut) > 0);
  if (campaign.cycles() < kRunsAllMin) return;
  for (const Event event :
       {Event::kWriteFailed, Event::kReopened, Event::kSlowFsync, Event::kClockJump,
        Event::kRequeue, Event::kTooLarge, Event::kImplicitAck, Event::kSequenceKnown}) {
    CAPTURE(kEventNames[static_cast<std::size_t>(event)]);
    CHECK(happened.of(event) > 0);
  }
}

TEST_CASE("the same seed gives the same run of the store, to the last disk operation") {
  keep_freed_memory();
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    CHECK(PoweredWorld(seed).run().trace == PoweredWorld(seed).run().trace);
  }
}

}  // namespace outbox::model

// The real store under the relay core: power cuts at random disk operations,
// with the brokers and the faults of model_core.

#include <catch2/catch.hpp>
#include <iostream>
#include <string>

#include "model/real_store.h"
#include "model/world.h"

namespace outbox::model {
namespace {

constexpr std::uint64_t kRuns = 1'800;
constexpr std::uint64_t kRunsMin = 5;
constexpr std::uint64_t kChangesMax = 150;

/// A World whose relay dies with the power.
class PoweredWorld : public World {
 public:
  explicit PoweredWorld(std::uint64_t seed) : World(seed, Mutant::kNone), real_(s_), random_(seed) {
    slow_down();
    s_.store.set_backend(&real_);
    real_.arm(1 + random_.below(kChangesMax), random_.next());
  }

 protected:
  void after_death() override {
    real_.power_cycle(random_.next());
    if (++cycles_ < kCyclesMax) real_.arm(1 + random_.below(kChangesMax), random_.next());
  }
  bool dying() const override { return !real_.powered(); }
  void at_the_end() override {
    if (s_.verdicts.clean()) real_.check_ledger();
  }

 private:
  static constexpr int kCyclesMax = 8;

  RealStore real_;
  Rng random_;
  int cycles_ = 0;
};

}  // namespace

TEST_CASE("store and core keep their promises through power cuts") {
  test::Campaign campaign("model-store", kRuns);
  std::uint64_t cuts = 0;
  while (campaign.next()) {
    const RunResult result = PoweredWorld(campaign.seed()).run();
    campaign.add(counts_of(result));
    INFO(campaign.replay());
    for (const std::string& what : result.wrong) UNSCOPED_INFO(what);
    REQUIRE(result.wrong.empty());
    cuts += result.kills;
  }
  std::cout << cuts << " power cuts" << std::endl;
  if (campaign.cycles() >= kRunsMin) CHECK(cuts > 0);
}

}  // namespace outbox::model

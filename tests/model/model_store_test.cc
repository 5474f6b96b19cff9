// The real store under the relay core: power cuts at random disk operations,
// with the brokers and the faults of model_core.

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include "model/real_store.h"
#include "model/world.h"

namespace outbox::model {
namespace {

constexpr auto kTimeLimit = std::chrono::seconds(40);
constexpr std::uint64_t kRunsMin = 5;
constexpr std::uint64_t kChangesMax = 150;
/// A store that is opened again and again takes about as long as so many runs without one:
/// of OUTBOX_SEEDS, one in so many is run.
constexpr std::uint64_t kSeedsPerRun = 16;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

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
  const auto began = std::chrono::steady_clock::now();
  const std::uint64_t first = from_environment("OUTBOX_SEED", std::random_device{}());
  const std::uint64_t seeds = from_environment("OUTBOX_SEEDS", 0);
  std::cout << "first seed " << first << std::endl;
  std::uint64_t runs = 0;
  std::uint64_t kills = 0;
  std::uint64_t appended = 0;
  const auto more = [&] {
    if (seeds > 0) return runs * kSeedsPerRun < seeds;
    return runs < kRunsMin || std::chrono::steady_clock::now() - began < kTimeLimit;
  };
  for (; more(); ++runs) {
    const RunResult result = PoweredWorld(first + runs).run();
    INFO("replay with OUTBOX_SEED=" << first + runs << " OUTBOX_SEEDS=1");
    for (const std::string& what : result.wrong) UNSCOPED_INFO(what);
    REQUIRE(result.wrong.empty());
    kills += result.kills;
    appended += result.appended;
  }
  std::cout << runs << " runs: " << appended << " appended, " << kills << " power cuts"
            << std::endl;
  if (runs >= kRunsMin) CHECK(kills > 0);
}

}  // namespace outbox::model

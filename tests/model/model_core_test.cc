#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include "model/world.h"

namespace outbox::model {
namespace {

constexpr auto kTimeLimit = std::chrono::seconds(40);
constexpr std::uint64_t kSeedsMin = 50;
constexpr std::uint64_t kMutantSeedsMax = 400;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void add(RunResult& sum, const RunResult& one) {
  sum.appended += one.appended;
  sum.delivered += one.delivered;
  sum.dead += one.dead;
  sum.purged += one.purged;
  sum.resent += one.resent;
  sum.duplicates += one.duplicates;
  sum.kills += one.kills;
  sum.rebuilds += one.rebuilds;
}

void require_clean(std::uint64_t seed, const RunResult& result) {
  INFO("replay with OUTBOX_SEED=" << seed << " OUTBOX_SEEDS=1");
  for (const std::string& what : result.wrong) UNSCOPED_INFO(what);
  REQUIRE(result.wrong.empty());
}

}  // namespace

TEST_CASE("the core keeps its promises under random faults") {
  const auto began = std::chrono::steady_clock::now();
  const std::uint64_t first = from_environment("OUTBOX_SEED", std::random_device{}());
  const std::uint64_t seeds = from_environment("OUTBOX_SEEDS", 0);
  std::cout << "first seed " << first << std::endl;
  RunResult sum;
  std::uint64_t runs = 0;
  const auto more = [&] {
    if (seeds > 0) return runs < seeds;
    return runs < kSeedsMin || std::chrono::steady_clock::now() - began < kTimeLimit;
  };
  for (; more(); ++runs) {
    const RunResult result = World(first + runs, Mutant::kNone).run();
    require_clean(first + runs, result);
    add(sum, result);
  }
  std::cout << runs << " runs: " << sum.appended << " appended, " << sum.delivered << " delivered, "
            << sum.dead << " dead, " << sum.purged << " purged; " << sum.resent << " sent again, "
            << sum.duplicates << " duplicates, " << sum.kills << " kills, " << sum.rebuilds
            << " producers" << std::endl;
  if (runs >= kSeedsMin) {
    CHECK(sum.dead > 0);
    CHECK(sum.purged > 0);
    CHECK(sum.duplicates > 0);
    CHECK(sum.kills > 0);
  }
}

TEST_CASE("the same seed gives the same run") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    CHECK(World(seed, Mutant::kNone).run().trace == World(seed, Mutant::kNone).run().trace);
  }
}

TEST_CASE("every mutant is caught") {
  const std::pair<Mutant, const char*> mutants[] = {
      {Mutant::kBelieveImplicitAcks, "implicit acknowledgements believed"},
      {Mutant::kAdvanceBeforeReport, "head before report"},
      {Mutant::kSwapHandOut, "hand-out swapped"},
      {Mutant::kSkipInRepeat, "left out of a repeat"},
      {Mutant::kWrongPrev, "outbox-prev wrong"},
      {Mutant::kForgetVector, "progress vector forgotten"},
      {Mutant::kPlaceByNewestCount, "placed by the newest count"},
      {Mutant::kLoseRelease, "payload not given back"},
      {Mutant::kIgnoreProgress, "progress not recorded"},
  };
  for (const auto& [mutant, name] : mutants) {
    std::uint64_t seed = 1;
    RunResult result;
    do {
      result = World(seed, mutant).run();
    } while (result.wrong.empty() && seed++ < kMutantSeedsMax);
    INFO(name);
    REQUIRE_FALSE(result.wrong.empty());
    std::cout << "mutant \"" << name << "\": seed " << seed << ": " << result.wrong.front()
              << std::endl;
  }
}

}  // namespace outbox::model

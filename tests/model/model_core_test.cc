#include <catch2/catch.hpp>
#include <iostream>
#include <string>

#include "model/world.h"

namespace outbox::model {
namespace {

constexpr std::uint64_t kRuns = 60'000;
/// So many have kills, dead letters and purges among them,
constexpr std::uint64_t kRunsMin = 50;
/// and so many every kind of event (the disk's own are model_store's).
constexpr std::uint64_t kRunsAllMin = 300;
constexpr std::uint64_t kMutantSeedsMax = 400;

void add(RunResult& sum, const RunResult& one) {
  sum.appended += one.appended;
  sum.delivered += one.delivered;
  sum.dead += one.dead;
  sum.purged += one.purged;
  sum.resent += one.resent;
  sum.duplicates += one.duplicates;
  sum.kills += one.kills;
  sum.rebuilds += one.rebuilds;
  sum.happened += one.happened;
}

}  // namespace

TEST_CASE("the core keeps its promises under random faults") {
  test::Campaign campaign("model-core", kRuns);
  RunResult sum;
  while (campaign.next()) {
    const RunResult result = World(campaign.seed(), Mutant::kNone).run();
    campaign.add(counts_of(result));
    INFO(campaign.replay());
    for (const std::string& what : result.wrong) UNSCOPED_INFO(what);
    REQUIRE(result.wrong.empty());
    add(sum, result);
  }
  std::cout << campaign.cycles() << " runs: " << sum.appended << " appended, " << sum.delivered
            << " delivered, " << sum.dead << " dead, " << sum.purged << " purged; " << sum.resent
            << " sent again, " << sum.duplicates << " duplicates, " << sum.kills << " kills, "
            << sum.rebuilds << " producers" << std::endl;
  std::cout << sum.happened.text() << std::endl;
  if (campaign.cycles() >= kRunsMin) {
    CHECK(sum.dead > 0);
    CHECK(sum.purged > 0);
    CHECK(sum.duplicates > 0);
    CHECK(sum.kills > 0);
  }
  if (campaign.cycles() < kRunsAllMin) return;
  for (std::size_t event = 0; event < static_cast<std::size_t>(Event::kPowerCut); ++event) {
    CAPTURE(kEventNames[event]);
    CHECK(sum.happened.of(static_cast<Event>(event)) > 0);
  }
}

TEST_CASE("the same seed gives the same run") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    CHECK(World(seed, Mutant::kNone).run().trace == World(seed, Mutant::kNone).run().trace);
  }
}

TEST_CASE("a first that comes late where the order may be broken is no duplicate") {
  // More came late than was sent again: a topic made anew under load.
  constexpr std::uint64_t kSeed = 497'604'449'162;
  CHECK(World(kSeed, Mutant::kNone).run().wrong.empty());
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

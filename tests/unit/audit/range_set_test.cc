#include "audit/range_set.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>
#include <set>

namespace outbox::audit {
namespace {

std::set<Seq> numbers(const RangeSet& set) {
  std::set<Seq> out;
  for (const auto& [from, through] : set.listed(set.ranges())) {
    for (Seq seq = from; seq <= through; ++seq) out.insert(seq);
  }
  return out;
}

bool neighbours_are_one(const RangeSet& set) {
  Seq before = 0;
  for (const auto& [from, through] : set.listed(set.ranges())) {
    if (before != 0 && from <= before + 1) return false;
    before = through;
  }
  return true;
}

TEST_CASE("range set: as a set of numbers has it, whatever was added and taken out") {
  const char* given = std::getenv("OUTBOX_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::atoi(given)) : 1;
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    RangeSet set;
    std::set<Seq> model;
    for (int step = 0; step < 60; ++step) {
      const Seq from = random() % 40 + 1;
      const Seq through = from + random() % 6;
      const bool adds = random() % 3 != 0;
      adds ? set.add(from, through) : set.erase(from, through);
      for (Seq seq = from; seq <= through; ++seq) {
        adds ? (void)model.insert(seq) : (void)model.erase(seq);
      }
      REQUIRE(numbers(set) == model);
      REQUIRE(neighbours_are_one(set));
      REQUIRE(set.count() == model.size());
      REQUIRE(set.contains(from) == adds);
      for (const Seq seq : numbers(set.missing(1, 45))) REQUIRE_FALSE(model.contains(seq));
      REQUIRE(set.missing(1, 45).count() == 45 - model.size());
    }
  }
}

TEST_CASE("range set: nothing in, nothing out") {
  RangeSet set;
  set.add(5, 4);
  set.erase(1, 9);
  CHECK(set.empty());
  CHECK(set.first() == 0);
  CHECK(set.last() == 0);
  CHECK(set.missing(3, 2).empty());
  set.add(1, 1);
  set.add(2, 2);
  CHECK(set.listed(10) == std::vector<Range>{{1, 2}});
}

}  // namespace
}  // namespace outbox::audit

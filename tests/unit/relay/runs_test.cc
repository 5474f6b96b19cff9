#include "relay/runs.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "unit/relay/test_slab.h"

namespace outbox::relay {
namespace {

using test::message_of;
using test::TestSlab;

// `each` entries of each lane, the lanes in turn.
std::shared_ptr<TestSlab> slab_of(std::size_t lanes, Seq each) {
  auto slab = std::make_shared<TestSlab>();
  for (Seq seq = 1; seq <= each; ++seq) {
    for (store::LaneId lane = 1; lane <= lanes; ++lane) slab->add(lane, seq, message_of("value"));
  }
  return slab;
}

TEST_CASE("a group's entries come lane by lane, in order") {
  const auto slab = slab_of(3, 4);
  const Runs runs(*slab);
  REQUIRE(runs.by_lane().size() == 3);
  for (const auto& [lane, run] : runs.by_lane()) {
    REQUIRE(run.size() == 4);
    for (Seq seq = 1; seq <= 4; ++seq) {
      CHECK(run[seq - 1]->lane == lane);
      CHECK(run[seq - 1]->seq == seq);
    }
  }
}

TEST_CASE("a group of few lanes is pinned as it is") {
  const auto slab = slab_of(Runs::kPinnedLanesMax, 2);
  Runs runs(*slab);
  for (const auto& [lane, run] : runs.by_lane()) {
    for (const store::SlabEntry* entry : runs.to_pin(run)) CHECK(entry->memory == slab.get());
  }
}

TEST_CASE("of a group of many lanes copies are pinned, each whole, and not the group") {
  auto slab = slab_of(Runs::kPinnedLanesMax + 1, 2);
  std::vector<std::shared_ptr<const store::SlabMemory>> pinned;
  std::vector<store::SlabEntry> entries;
  {
    Runs runs(*slab);
    for (const auto& [lane, run] : runs.by_lane()) {
      const Runs::Run& copied = runs.to_pin(run);
      REQUIRE(copied.size() == run.size());
      for (const store::SlabEntry* entry : copied) {
        entries.push_back(*entry);
        pinned.push_back(entry->memory->shared_from_this());
      }
    }
  }
  const std::weak_ptr<const store::Slab> watched = slab;
  slab.reset();
  CHECK(watched.expired());
  REQUIRE(entries.size() == 2 * (Runs::kPinnedLanesMax + 1));
  for (const store::SlabEntry& entry : entries) {
    const auto record = store::decode_checked(entry.record, entry.lane, entry.seq);
    REQUIRE(record.ok());
    CHECK(record->value == "value");
  }
}

}  // namespace
}  // namespace outbox::relay

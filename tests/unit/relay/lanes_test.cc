#include "relay/lanes.h"

#include <catch2/catch.hpp>

namespace outbox::relay {
namespace {

constexpr LaneId kLane = 1;

store::LaneInfo empty_lane() {
  store::LaneInfo info;
  info.id = kLane;
  info.topic = "orders";
  return info;
}

store::Progress settled_through(Seq seq) {
  store::Progress progress;
  progress.head = seq + 1;
  return progress;
}

TEST_CASE("lanes: each time a lane begins to have entries pending it is told, and once") {
  Lanes lanes;
  lanes.add(empty_lane(), 0);
  CHECK(lanes.take_begun().empty());

  lanes.get(kLane).tail = 2;
  lanes.update_pending(kLane, settled_through(0));
  lanes.update_pending(kLane, settled_through(1));
  CHECK(lanes.take_begun() == std::vector<LaneId>{kLane});
  CHECK(lanes.take_begun().empty());

  lanes.update_pending(kLane, settled_through(2));
  CHECK(lanes.pending().empty());
  CHECK(lanes.take_begun().empty());

  lanes.get(kLane).tail = 3;
  lanes.update_pending(kLane, settled_through(2));
  CHECK(lanes.take_begun() == std::vector<LaneId>{kLane});
}

TEST_CASE("lanes: a lane that has entries when it is added has begun") {
  Lanes lanes;
  lanes.add(empty_lane(), 5);
  CHECK(lanes.take_begun() == std::vector<LaneId>{kLane});
}

}  // namespace
}  // namespace outbox::relay

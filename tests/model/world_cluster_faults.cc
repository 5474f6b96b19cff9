#include <algorithm>

#include "model/world.h"

namespace outbox::model {
namespace {

constexpr std::size_t kMovesAtReturn = 5;

}  // namespace

void World::plan_cluster_faults() {
  const Faults& f = s_.faults;
  if (f.leaders) plan_leaders();
  if (f.isr) plan_isr();
  if (f.forget) {
    repeat(8'000, 1, [this] { return s_.broker.forget_producers(), nothing(); });
  }
  if (f.authorization) {
    repeat(20'000, 10'000, [this]() -> End {
      SimTopic* const topic = &any_topic();
      topic->authorized = false;
      return [topic] { topic->authorized = true; };
    });
  }
  if (f.topic_missing) {
    repeat(20'000, 25'000, [this]() -> End {
      SimTopic* const topic = &any_topic();
      topic->exists = false;
      return [topic] { topic->exists = true; };
    });
  }
  if (f.unsafe) {
    repeat(15'000, 15'000, [this]() -> End {
      SimTopic* const topic = &any_topic();
      topic->unsafe = true;
      return [topic] { topic->unsafe = false; };
    });
  }
  if (f.growth) plan_growth();
  if (f.recreation) plan_recreation();
  if (f.outage) {
    repeat(20'000, 20'000, [this]() -> End {
      s_.broker.away = true;
      s_.happened.count(Event::kOutage);
      return [this] { s_.broker.away = false; };
    });
  }
}

void World::move_leader(bool away) {
  SimPartition& p = any_partition();
  p.leader = away ? -1 : static_cast<std::int32_t>(s_.rng.below(3));
}

void World::plan_leaders() {
  repeat(10'000, 15'000, [this]() -> End {
    move_leader(true);
    return [this] {
      for (std::size_t i = 0; i < kMovesAtReturn; ++i) move_leader(false);
    };
  });
  repeat(5'000, 1, [this] { return move_leader(false), nothing(); });
}

void World::plan_isr() {
  repeat(4'000, 3'000, [this]() -> End {
    any_partition().isr_short = true;
    return [this] {
      for (LaneId id = 0; id < lanes_; ++id) {
        for (SimPartition& p : s_.broker.topic(id).partitions) p.isr_short = false;
      }
    };
  });
}

void World::plan_growth() {
  repeat(25'000, 1, [this] {
    SimTopic& topic = any_topic();
    if (topic.partitions.size() + 2 <= kPartitionsMax) {
      s_.happened.count(Event::kGrowth);
      topic.partitions.resize(topic.partitions.size() + 1 + s_.rng.below(2));
    }
    return nothing();
  });
}

/// Somebody deletes the topic and makes it again, with fewer partitions perhaps.
void World::plan_recreation() {
  repeat(40'000, 1, [this] {
    recreated_ = true;
    SimTopic& topic = any_topic();
    topic.remade = true;
    const std::size_t partitions = 1 + s_.rng.below(topic.partitions.size());
    if (partitions < topic.partitions.size()) s_.happened.count(Event::kRecreatedSmaller);
    for (const SimPartition& p : topic.partitions) {
      for (const WireMessage& m : p.log) topic.deleted.insert(m.seq);
    }
    topic.partitions.assign(partitions, SimPartition{});
    // What was sent to it before the operator accepted it comes out of order.
    for (SimPartition& p : topic.partitions) p.order_broken = true;
    return nothing();
  });
}

}  // namespace outbox::model

#include "model/world.h"

#include <algorithm>
#include <functional>

namespace outbox::model {
namespace {

constexpr std::int64_t kSyncMs = 1'000;
constexpr std::int64_t kMetadataMs = 3'000;

}  // namespace

World::World(std::uint64_t seed, Mutant mutant) : s_(seed) {
  s_.mutant = mutant;
  draw();
}

void World::draw() {
  Rng& rng = s_.rng;
  s_.faults = Faults::draw(rng);
  forgetful_ = s_.faults.forget;
  lanes_ = 1 + rng.below(3);
  entries_max_ = 30 + rng.below(rng.one_in(4) ? 3'000 : 300);
  relay::CoreOptions& o = s_.options;
  o.in_flight_entries_max = 4 + rng.below(rng.one_in(2) ? 20 : 200);
  o.in_flight_bytes_max = 500 + rng.below(20'000);
  o.max_in_flight_requests = static_cast<int>(rng.between(1, 5));
  o.poison_policy = rng.one_in(4) ? PoisonPolicy::kHaltLane : PoisonPolicy::kDeadLetter;
  o.shared_main_lanes = rng.one_in(2) ? 0 : 64;
  o.keyless_block_entries = static_cast<std::uint32_t>(rng.between(1, 20));
  o.unknown_topic_grace_ms = rng.between(1'000, 20'000);
  o.stall_backoff_min_ms = rng.between(50, 500);
  o.stall_backoff_max_ms = rng.between(500, 5'000);
  o.watchdog_ms = rng.between(8'000, 30'000);
  o.slow_start_idle_ms = rng.between(1'000, 60'000);
  o.unused_main_ms = rng.one_in(2) ? 60'000 : rng.between(1, 3'000);
  o.seed = rng.next();
  o.only_safe_topics = s_.faults.unsafe;
  chaos_ends_ms_ = s_.scheduler.now_ms() + rng.between(5'000, 90'000);
  for (LaneId id = 0; id < lanes_; ++id) {
    SimTopic& topic = s_.broker.topic(id);
    topic.partitions.resize(1 + rng.below(6));
    for (SimPartition& p : topic.partitions) p.leader = static_cast<std::int32_t>(rng.below(3));
    s_.store.lane(id);
  }
}

SimTopic& World::any_topic() { return s_.broker.topic(static_cast<LaneId>(s_.rng.below(lanes_))); }

SimPartition& World::any_partition() {
  SimTopic& topic = any_topic();
  return topic.partitions[s_.rng.below(topic.partitions.size())];
}

void World::birth() {
  driver_ = std::make_unique<SimDriver>(s_);
  driver_->start();
}

void World::kill() {
  if (!driver_ || (healed_ && !dying())) return;
  ++result_.kills;
  s_.happened.count(Event::kKill);
  for (const auto& [reason, count] : driver_->core().rebuilds()) result_.rebuilds += count;
  driver_->check_before_kill();
  driver_.reset();
  after_death();
  s_.scheduler.after(s_.rng.between(0, 3'000), [this] { birth(); });
}

void World::die() {
  if (driver_) return kill();
  after_death();
}

void World::slow_down() {
  entries_max_ = std::min<std::uint64_t>(entries_max_, 120);
  s_.faults.purges = false;
  s_.faults.recreation = false;
}

void World::plan_appends() {
  for (LaneId id = 0; id < lanes_; ++id) {
    std::uint64_t planned = 1 + s_.rng.below(entries_max_);
    while (planned > 0) {
      const std::uint64_t group = std::min(planned, 1 + s_.rng.below(20));
      planned -= group;
      const std::int64_t when = s_.rng.between(s_.scheduler.now_ms(), chaos_ends_ms_);
      for (std::uint64_t i = 0; i < (s_.rng.one_in(2) ? 1 : group); ++i) {
        s_.scheduler.at(when, [this, id] { append(id); });
      }
    }
  }
}

void World::append(LaneId id) {
  Rng& rng = s_.rng;
  SimLane& lane = s_.store.lane(id);
  const Seq from = lane.tail() + 1;
  std::vector<SimEntry> group(1 + rng.below(6));
  for (std::size_t i = 0; i < group.size(); ++i) {
    SimEntry& entry = group[i];
    entry.bytes = static_cast<std::uint32_t>(rng.between(10, rng.one_in(20) ? 3'000 : 150));
    if (rng.one_in(3)) entry.key = "k" + std::to_string(rng.below(30));
    if (rng.one_in(50)) entry.given = static_cast<std::int32_t>(rng.below(8));
    if (rng.one_in(80)) s_.broker.topic(id).poison.insert(from + i);
  }
  if (s_.store.append(id, group) && driver_) driver_->on_durable(id, from);
}

void World::repeat(std::int64_t pause_max_ms, std::int64_t length_max_ms,
                   std::function<End()> begin) {
  s_.scheduler.after(s_.rng.between(1, pause_max_ms), [=, this] {
    if (healed_) return;
    const End end = begin();
    s_.scheduler.after(s_.rng.between(1, length_max_ms), [=, this] {
      if (!healed_) end();
      repeat(pause_max_ms, length_max_ms, begin);
    });
  });
}

void World::metadata_rounds() {
  if (driver_) driver_->look_at_cluster();
  s_.scheduler.after(s_.rng.between(1, 2 * kMetadataMs), [this] { metadata_rounds(); });
}

/// Syncs the progress once a second; an operator who looks at halted lanes.
void World::operator_rounds() {
  s_.store.sync();
  if (driver_) driver_->poke();
  for (LaneId id = 0; driver_ && id < lanes_; ++id) {
    if (s_.store.lane(id).tail() == 0) continue;
    const std::string state = driver_->core().lane_state(s_.scheduler.now_ms(), id);
    if (state.rfind("halted", 0) == 0 && (healed_ || s_.rng.one_in(10))) {
      s_.happened.count(Event::kAccept);
      driver_->core().accept(s_.scheduler.now_ms(), id);
      driver_->poke();
    }
  }
  s_.scheduler.after(kSyncMs, [this] { operator_rounds(); });
}

}  // namespace outbox::model

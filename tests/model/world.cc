#include "model/world.h"

#include <algorithm>
#include <functional>

#include "model/log_check.h"

namespace outbox::model {
namespace {

constexpr std::int64_t kDrainLimitMs = 900'000;
constexpr std::int64_t kStopLimitMs = 120'000;
constexpr std::int64_t kSyncMs = 1'000;
constexpr std::int64_t kMetadataMs = 3'000;
/// The driver gives a purge up after so long: what is in flight to a partition that is gone may
/// never be reported.
constexpr std::int64_t kPurgeWaitMs = 60'000;
constexpr std::size_t kPartitionsMax = 12;
constexpr std::size_t kStepsMax = 5'000'000;

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
  o.keyless_block_entries = static_cast<std::uint32_t>(rng.between(1, 20));
  o.unknown_topic_grace_ms = rng.between(1'000, 20'000);
  o.stall_backoff_min_ms = rng.between(50, 500);
  o.stall_backoff_max_ms = rng.between(500, 5'000);
  o.watchdog_ms = rng.between(8'000, 30'000);
  o.slow_start_idle_ms = rng.between(1'000, 60'000);
  o.seed = rng.next();
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

template <typename Start, typename End>
void World::repeat(std::int64_t pause_max_ms, std::int64_t length_max_ms, Start start, End end) {
  s_.scheduler.after(s_.rng.between(1, pause_max_ms), [=, this] {
    if (healed_) return;
    const auto token = start();
    s_.scheduler.after(s_.rng.between(1, length_max_ms), [=, this] {
      if (!healed_) end(token);
      repeat(pause_max_ms, length_max_ms, start, end);
    });
  });
}

void World::move_leader(bool away) {
  SimPartition& p = any_partition();
  p.leader = away ? -1 : static_cast<std::int32_t>(s_.rng.below(3));
}

void World::plan_faults() {
  plan_cluster_faults();
  plan_relay_faults();
}

void World::plan_cluster_faults() {
  const Faults& f = s_.faults;
  const auto nothing = [](int) {};
  if (f.leaders) {
    repeat(
        10'000, 15'000, [this] { return move_leader(true), 0; },
        [this](int) {
          for (int i = 0; i < 5; ++i) move_leader(false);
        });
    repeat(
        5'000, 1, [this] { return move_leader(false), 0; }, nothing);
  }
  if (f.isr) {
    repeat(
        4'000, 3'000,
        [this] {
          SimPartition* const p = &any_partition();
          p->isr_short = true;
          return 0;
        },
        [this](int) {
          for (LaneId id = 0; id < lanes_; ++id) {
            for (SimPartition& p : s_.broker.topic(id).partitions) p.isr_short = false;
          }
        });
  }
  if (f.forget) {
    repeat(
        8'000, 1, [this] { return s_.broker.forget_producers(), 0; }, nothing);
  }
  if (f.authorization) {
    repeat(
        20'000, 10'000,
        [this] {
          SimTopic* const topic = &any_topic();
          topic->authorized = false;
          return topic;
        },
        [](SimTopic* topic) { topic->authorized = true; });
  }
  if (f.topic_missing) {
    repeat(
        20'000, 25'000,
        [this] {
          SimTopic* const topic = &any_topic();
          topic->exists = false;
          return topic;
        },
        [](SimTopic* topic) { topic->exists = true; });
  }
  if (f.growth) {
    repeat(
        25'000, 1,
        [this] {
          SimTopic& topic = any_topic();
          if (topic.partitions.size() + 2 <= kPartitionsMax) {
            topic.partitions.resize(topic.partitions.size() + 1 + s_.rng.below(2));
          }
          return 0;
        },
        nothing);
  }
  if (f.recreation) {
    repeat(
        40'000, 1,
        [this] {
          SimTopic& topic = any_topic();
          recreate(topic, 1 + s_.rng.below(topic.partitions.size()));
          return 0;
        },
        nothing);
  }
  if (f.outage) {
    repeat(
        20'000, 20'000, [this] { return s_.broker.away = true, 0; },
        [this](int) { s_.broker.away = false; });
  }
}

void World::plan_relay_faults() {
  const Faults& f = s_.faults;
  const auto nothing = [](int) {};
  if (f.kills) {
    repeat(
        20'000, 4'000, [this] { return kill(), 0; }, nothing);
  }
  if (f.wedge) {
    repeat(
        20'000, 1,
        [this] {
          if (driver_) driver_->break_producer(true);
          return 0;
        },
        nothing);
  }
  if (f.pauses) {
    repeat(
        10'000, 10'000,
        [this] {
          const auto id = static_cast<LaneId>(s_.rng.below(lanes_));
          if (driver_ && s_.store.lane(id).tail() > 0) {
            driver_->core().pause(s_.scheduler.now_ms(), id);
            driver_->poke();
          }
          return id;
        },
        [this](LaneId id) {
          if (!driver_ || s_.store.lane(id).tail() == 0) return;
          driver_->core().resume(s_.scheduler.now_ms(), id);
          driver_->poke();
        });
  }
  if (f.purges) {
    repeat(
        15'000, 8'000,
        [this] {
          const auto id = static_cast<LaneId>(s_.rng.below(lanes_));
          const Seq tail = s_.store.lane(id).tail();
          if (driver_ && tail > 0) {
            const Seq through = s_.rng.one_in(3) ? 0 : 1 + s_.rng.below(tail);
            driver_->core().purge(s_.scheduler.now_ms(), id, through);
            driver_->poke();
            s_.scheduler.after(kPurgeWaitMs, [this, id] { cancel_purge(id); });
          }
          return id;
        },
        [this](LaneId id) {
          if (s_.rng.one_in(4)) cancel_purge(id);
        });
  }
}

void World::cancel_purge(LaneId id) {
  if (!driver_ || s_.store.lane(id).tail() == 0) return;
  driver_->core().cancel_purge(s_.scheduler.now_ms(), id);
  driver_->poke();
}

/// Somebody deletes the topic and makes it again, with fewer partitions perhaps.
void World::recreate(SimTopic& topic, std::size_t partitions) {
  recreated_ = true;
  for (std::size_t p = 0; p < topic.partitions.size(); ++p) {
    for (const WireMessage& m : topic.partitions[p].log) topic.deleted.insert(m.seq);
  }
  topic.partitions.assign(partitions, SimPartition{});
  // What was sent to it before the operator accepted it comes out of order.
  for (SimPartition& p : topic.partitions) p.order_broken = true;
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
      driver_->core().accept(s_.scheduler.now_ms(), id);
      driver_->poke();
    }
  }
  s_.scheduler.after(kSyncMs, [this] { operator_rounds(); });
}

void World::heal() {
  healed_ = true;
  const bool keep_poison = s_.options.poison_policy == PoisonPolicy::kDeadLetter;
  s_.faults = Faults{};
  s_.broker.away = false;
  for (LaneId id = 0; id < lanes_; ++id) {
    SimTopic& topic = s_.broker.topic(id);
    topic.exists = true;
    topic.authorized = true;
    if (!keep_poison) {
      topic.poison.clear();
      topic.partitions.resize(std::max(topic.partitions.size(), kPartitionsMax));
    }
    for (SimPartition& p : topic.partitions) {
      p.leader = std::max(p.leader, 0);
      p.isr_short = false;
    }
  }
  if (!driver_) return;
  for (LaneId id = 0; id < lanes_; ++id) {
    if (s_.store.lane(id).tail() > 0) driver_->core().resume(s_.scheduler.now_ms(), id);
  }
  driver_->poke();
}

bool World::until(std::int64_t limit_ms, const std::function<bool()>& held) {
  const std::int64_t end = s_.scheduler.now_ms() + limit_ms;
  for (std::size_t steps = 0; steps < kStepsMax; ++steps) {
    if (held() || !s_.verdicts.clean()) return true;
    if (!s_.scheduler.step(end)) return false;
    if (dying()) die();
  }
  return false;
}

void World::drain() {
  const bool drained =
      until(kDrainLimitMs, [this] { return driver_ != nullptr && s_.store.drained(); });
  std::string left;
  for (const auto& [id, lane] : s_.store.lanes()) {
    if (lane.progress.head > lane.tail()) continue;
    left += " lane " + std::to_string(id) + " at " + std::to_string(lane.progress.head) + " of " +
            std::to_string(lane.tail()) + " partition " +
            std::to_string(lane.partition_of(lane.progress.head)) + " of " +
            std::to_string(s_.broker.topic(id).partitions.size());
    if (driver_) left += " (" + driver_->core().lane_state(s_.scheduler.now_ms(), id) + ")";
  }
  s_.verdicts.expect(drained, "healed, but not drained:" + left);
}

void World::stop() {
  if (!driver_ || !s_.verdicts.clean()) return;
  const auto died = [this, kills = result_.kills] { return result_.kills > kills; };
  driver_->core().stop(s_.scheduler.now_ms());
  driver_->poke();
  until(kStopLimitMs, [&] { return died() || driver_->core().finished(); });
  until(kStopLimitMs, died);
  if (!died()) return driver_->check_nothing_left();
  drain();
  stop();
}

RunResult World::run() {
  birth();
  plan_appends();
  plan_faults();
  metadata_rounds();
  operator_rounds();
  until(chaos_ends_ms_ - s_.scheduler.now_ms(), [] { return false; });
  heal();
  drain();
  stop();
  if (s_.verdicts.clean()) {
    result_.duplicates = check_logs(s_);
    s_.verdicts.expect(forgetful_ || result_.duplicates <= s_.resent + s_.epoch_resends,
                       "more duplicates than were sent again");
  }
  for (const auto& [id, lane] : s_.store.lanes()) {
    result_.appended += lane.tail();
    result_.delivered += lane.delivered;
    result_.dead += lane.dead.size();
    result_.purged += lane.purged.size();
  }
  if (driver_) {
    for (const auto& [reason, count] : driver_->core().rebuilds()) result_.rebuilds += count;
    s_.verdicts.expect(recreated_ || driver_->core().stats().offsets_back == 0,
                       "an alarm that offsets went back, in logs that only grow");
  }
  at_the_end();
  result_.resent = s_.resent;
  result_.wrong = s_.verdicts.wrong();
  result_.trace = s_.trace.value();
  return result_;
}

}  // namespace outbox::model

#include <algorithm>

#include "model/world.h"

namespace outbox::model {
namespace {

/// The driver gives a purge up after so long: what is in flight to a partition that is gone may
/// never be reported.
constexpr std::int64_t kPurgeWaitMs = 60'000;
constexpr std::int64_t kSuspendedMaxMs = 60'000;

}  // namespace

void World::plan_relay_faults() {
  const Faults& f = s_.faults;
  if (f.kills) {
    repeat(20'000, 4'000, [this] { return kill(), nothing(); });
  }
  if (f.wedge) {
    repeat(20'000, 1, [this] {
      if (driver_) driver_->break_producer(true);
      return nothing();
    });
  }
  if (f.pauses) plan_pauses();
  if (f.purges) plan_purges();
  if (f.requeues) plan_requeues();
  if (f.clock_jumps) plan_clock_jumps();
}

bool World::relayed(LaneId id) { return driver_ && s_.store.lane(id).tail() > 0; }

void World::plan_pauses() {
  repeat(10'000, 10'000, [this]() -> End {
    const auto id = static_cast<LaneId>(s_.rng.below(lanes_));
    if (relayed(id)) {
      s_.happened.count(Event::kPause);
      driver_->core().pause(s_.scheduler.now_ms(), id);
      driver_->poke();
    }
    return [this, id] {
      if (!relayed(id)) return;
      driver_->core().resume(s_.scheduler.now_ms(), id);
      driver_->poke();
    };
  });
}

void World::plan_purges() {
  repeat(15'000, 8'000, [this]() -> End {
    const auto id = static_cast<LaneId>(s_.rng.below(lanes_));
    if (relayed(id)) {
      const Seq through = s_.rng.one_in(3) ? 0 : 1 + s_.rng.below(s_.store.lane(id).tail());
      s_.happened.count(Event::kPurge);
      driver_->core().purge(s_.scheduler.now_ms(), id, through);
      driver_->poke();
      s_.scheduler.after(kPurgeWaitMs, [this, id] { cancel_purge(id); });
    }
    return [this, id] {
      if (s_.rng.one_in(4)) cancel_purge(id);
    };
  });
}

void World::cancel_purge(LaneId id) {
  if (!relayed(id)) return;
  driver_->core().cancel_purge(s_.scheduler.now_ms(), id);
  driver_->poke();
}

void World::plan_requeues() {
  repeat(8'000, 1, [this] {
    requeue(static_cast<LaneId>(s_.rng.below(lanes_)));
    return nothing();
  });
}

/// The first dead letter that was not requeued; perhaps it will not be taken this time either.
void World::requeue(LaneId id) {
  SimLane& lane = s_.store.lane(id);
  const auto letter = std::find_if(lane.dead.begin(), lane.dead.end(), [&](const auto& each) {
    return !lane.requeued.contains(each.first);
  });
  if (letter == lane.dead.end() || dying()) return;
  const Seq as = lane.tail() + 1;
  if (!healed_ && s_.rng.one_in(4)) s_.broker.topic(id).poison.insert(as);
  if (!s_.store.requeue(id, letter->first)) return;
  s_.happened.count(Event::kRequeue);
  if (driver_) driver_->on_durable(id, as);
}

void World::plan_clock_jumps() {
  repeat(20'000, 1, [this] {
    s_.happened.count(Event::kClockJump);
    s_.scheduler.pass(s_.rng.between(1'000, kSuspendedMaxMs));
    return nothing();
  });
}

}  // namespace outbox::model

#include <algorithm>
#include <functional>
#include <string>

#include "model/log_check.h"
#include "model/world.h"

namespace outbox::model {
namespace {

constexpr std::int64_t kDrainLimitMs = 900'000;
constexpr std::int64_t kStopLimitMs = 120'000;
constexpr std::size_t kStepsMax = 5'000'000;

}  // namespace

void World::heal() {
  healed_ = true;
  const bool keep_poison = s_.options.poison_policy == PoisonPolicy::kDeadLetter;
  s_.faults = Faults{};
  s_.broker.away = false;
  for (LaneId id = 0; id < lanes_; ++id) {
    SimTopic& topic = s_.broker.topic(id);
    topic.exists = true;
    topic.authorized = true;
    topic.unsafe = false;
    if (!keep_poison) {
      topic.poison.clear();
      topic.partitions.resize(std::max(topic.partitions.size(), kPartitionsMax));
    }
    for (SimPartition& p : topic.partitions) {
      p.leader = std::max(p.leader, 0);
      p.isr_short = false;
    }
  }
  // Of each lane one more dead letter, which Kafka must take now.
  for (LaneId id = 0; id < lanes_; ++id) requeue(id);
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
  plan_cluster_faults();
  plan_relay_faults();
  metadata_rounds();
  operator_rounds();
  until(chaos_ends_ms_ - s_.scheduler.now_ms(), [] { return false; });
  heal();
  drain();
  stop();
  if (s_.verdicts.clean()) {
    result_.duplicates = check_logs(s_);
    s_.verdicts.expect(forgetful_ || result_.duplicates <= s_.resent + s_.epoch_resends, [&] {
      return std::to_string(result_.duplicates) + " duplicates, but " + std::to_string(s_.resent) +
             " + " + std::to_string(s_.epoch_resends) + " sent again";
    });
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
  result_.happened = s_.happened;
  result_.wrong = s_.verdicts.wrong();
  result_.trace = s_.trace.value();
  return result_;
}

}  // namespace outbox::model

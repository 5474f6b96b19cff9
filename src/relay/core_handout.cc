// Handing entries to a producer.
#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/mutant.h"
#include "relay/core_state.h"

namespace outbox::relay {

void Core::State::hand_out(Lane& lane, Partition& partition) {
  if (!partition.has_queued() || !open(lane) || lane.stray(partition.id)) return;
  ChannelState& producer = channel(lane.channel);
  if (!producer.ready) {
    if (!producer.rebuilding()) rebuild(lane.channel, "start", false);
    return;
  }
  if (partition.leader < 0 || partition.broken || partition.burying) return;
  if (now < partition.retry_at_ms) return wake(lane, partition.retry_at_ms);
  if (partition.generation != producer.generation) {
    partition.generation = producer.generation;
    partition.slow = true;
  }
  if (partition.in_flight() == 0 && now - partition.active_ms >= options.slow_start_idle_ms) {
    partition.slow = true;
  }
  if (!lane.stalled.empty()) {
    if (lane.in_flight > 0) return;
    if (now < lane.stall_until_ms) return wake(lane, lane.stall_until_ms);
  }
  if (too_old_to_pipeline(lane, partition)) return;
  if ((partition.slow && !mutant(Mutant::kSlowStartSkipped)) || lane.probing()) {
    if (partition.in_flight() > 0) return;
    partition.alone = true;
    send_one(lane, partition, producer);
    return;
  }
  const std::size_t before = commands.produce.size();
  while (partition.has_queued() && !too_old_to_pipeline(lane, partition)) {
    send_one(lane, partition, producer);
  }
  if (mutant(Mutant::kOrderAfterRetry) && commands.produce.size() >= before + 2 &&
      partition.slots().front().sent_before) {
    std::swap(commands.produce[before], commands.produce[before + 1]);
  }
}

// A broker reckons by the timestamps of the messages when it forgets a producer, and takes any
// sequence number of one that it has forgotten. So behind an old message a later request could
// be taken although an earlier one was refused: there must be no later one.
bool Core::State::too_old_to_pipeline(const Lane& lane, const Partition& partition) {
  if (lane.channel == Channel::kProbe || mutant(Mutant::kOldPipelined)) return false;
  if (now < partition.first_queued().old_at_ms) return false;
  ChannelState& producer = channel(lane.channel);
  producer.serial_until_ms = now + kSerialOldMs;
  if (producer.max_in_flight <= 1) return false;
  rebuild(lane.channel, "old entries", true);
  return true;
}

void Core::State::send_one(Lane& lane, Partition& partition, ChannelState& producer) {
  const Seq prev = partition.prev();
  const bool linger = partition.alone || stuck(partition);
  const Slot& slot = partition.send(now);
  ++lane.in_flight;
  ++producer.in_flight;
  producer.unused_since_ms = -1;
  ++stats.produced;
  if (slot.sent_before) ++stats.resent;
  commands.produce.push_back({lane.channel, linger, lane.id, partition.id, producer.generation,
                              slot.handle, slot.seq, prev});
}

}  // namespace outbox::relay

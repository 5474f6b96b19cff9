// Lanes in trouble: probing, stalling, dead letters, halting.
#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/mutant.h"
#include "relay/core_state.h"

namespace outbox::relay {

void Core::State::to_probe(Lane& of, std::string_view reason) {
  of.clean = 0;
  of.probe_reason = reason;
  touch(of);
  if (of.probing()) return;
  const bool again = of.probed_at_ms >= 0 && now - of.probed_at_ms < kProbeMemoryMs;
  of.clean_wanted =
      again ? std::min(of.clean_wanted * 2, kCleanDeliveriesMax) : kCleanDeliveriesMin;
  of.probed_at_ms = now;
  of.target = Channel::kProbe;
  note(of, false, "sending one message at a time: " + of.probe_reason);
}

void Core::State::switch_channel(Lane& of) {
  if (of.channel == of.target || of.in_flight > 0 || of.bury_out) return;
  forget_held(of);
  of.channel = of.target;
  ChannelState& probe = channel(Channel::kProbe);
  if (of.channel == Channel::kProbe) {
    ++probe.lanes;
    if (!probe.ready) rebuild(Channel::kProbe, "probe", false);
  } else if (--probe.lanes == 0) {
    close(Channel::kProbe);
  }
}

void Core::State::maybe_clean(Lane& of) {
  if (of.channel != Channel::kProbe || of.target != Channel::kProbe) return;
  if (!of.stalled.empty() || of.suspects > 0 || !of.to_bury.empty()) return;
  of.refresh_progress();
  if (of.clean < of.clean_wanted && of.progress().head <= of.tail) return;
  // Clean for long enough, or everything there was is settled.
  of.target = of.home;
  of.probed_at_ms = now;
  note(of, false, "clean again, back to the main producer");
}

void Core::State::stall(Lane& of, std::string_view reason) {
  const bool first = of.stalled.empty();
  std::string why(reason);
  of.stall_until_ms = now + of.stall_backoff.next_ms(options.stall_backoff_min_ms,
                                                     options.stall_backoff_max_ms, random);
  if (mutant(Mutant::kStallForEver)) of.stall_until_ms = std::numeric_limits<std::int64_t>::max();
  of.stalled = std::move(why);
  // Its next try is late enough already; it must not hold up other probing lanes.
  channel(Channel::kProbe).backoff.reset();
  if (first) note(of, false, "stalled: " + of.stalled);
  wake(of, of.stall_until_ms);
  to_probe(of, of.stalled);
}

void Core::State::suspect(Lane& of, Partition& partition, Seq seq) {
  if (partition.suspect == 0) ++of.suspects;
  partition.suspect = std::max(partition.suspect, seq);
}

void Core::State::clear_suspect(Lane& of, Partition& partition, Seq settled) {
  if (partition.suspect == 0 || settled < partition.suspect) return;
  partition.suspect = 0;
  --of.suspects;
}

void Core::State::verdict(Lane& of, Partition& partition, std::string_view reason) {
  if (options.poison_policy == PoisonPolicy::kHaltLane) {
    of.halted = std::string(reason) + " (partition " + std::to_string(partition.id) + ", entry " +
                std::to_string(partition.slots().front().seq) + ")";
    note(of, true, "halted: " + of.halted);
    touch(of);
    return;
  }
  partition.burying = true;
  partition.death = reason;
  of.to_bury.push_back(&partition);
  touch(of);
}

void Core::State::judge_stray(Lane& of, Partition& partition) {
  if (partition.empty() || partition.burying || !taking(of)) return;
  const std::int64_t due = of.stray_since_ms + options.unknown_topic_grace_ms;
  if (now < due) return wake(of, due);
  verdict(of, partition,
          "the topic has no partition " + std::to_string(partition.id) + " (it has " +
              std::to_string(of.leaders.size()) + ")");
}

void Core::State::emit_bury(Lane& of) {
  if (of.to_bury.empty() || of.bury_out || stopping) return;
  if (now < of.bury_at_ms) return wake(of, of.bury_at_ms);
  const Partition& partition = *of.to_bury.front();
  of.bury_out = true;
  ++answers_out;
  commands.bury.push_back({of.id, partition.id, partition.slots().front().seq, partition.death,
                           of.progress_after_death(partition)});
}

void Core::State::buried(Lane& of, Seq seq, bool ok) {
  if (!of.bury_out) return;
  OUTBOX_CHECK(!of.to_bury.empty() && of.to_bury.front()->slots().front().seq == seq);
  of.bury_out = false;
  --answers_out;
  touch(of);
  if (!ok) {
    of.bury_at_ms = now + kStoreRetryMs;
    return;
  }
  Partition& partition = *of.to_bury.front();
  of.to_bury.erase(of.to_bury.begin());
  partition.burying = false;
  const Slot slot = of.settle(partition, false);
  // Its report left the partition broken; what comes next is handed out anew.
  if (partition.broken && partition.in_flight() == 0) partition.rewind();
  window.give_back(slot.bytes);
  ++stats.dead;
  commands.texts.push_back(partition.death);
  commands.settled.push_back({of.id, partition.id, seq, -1, commands.texts.back()});
  drop(slot.handle);
  partition.progress_ms = now;
  partition.missing_since_ms = -1;
  partition.backoff.reset();
  clear_suspect(of, partition, seq);
  channel(of.channel).backoff.reset();
}

void Core::State::stop_everything(std::string_view reason) {
  if (!stopped_reason.empty()) return;
  stopped_reason = reason.empty() ? "stopped" : std::string(reason);
  stopping = true;
  // Nobody would send through a new one; made all the same, it would ask the cluster for an id.
  for (const Channel which : kAllChannels) {
    ChannelState& producer = channel(which);
    if (!producer.rebuilding()) continue;
    producer.opening = 0;
    producer.open_at_ms = -1;
    commands.open.push_back({which, 0, 0, producer.drain, producer.reason});
  }
  commands.notes.push_back({0, true, "stopped: " + stopped_reason});
}

}  // namespace outbox::relay

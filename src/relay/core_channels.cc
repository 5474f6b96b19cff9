// Making producers anew, and what makes it necessary.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "relay/core_state.h"

namespace outbox::relay {
namespace {

constexpr std::string_view kFatalReason = "fatal";

}  // namespace

/// A lane that is paused, held or halted sends nothing: those beside it need not wait for that.
bool SerialWatch::over() const {
  return partition->settled_seq >= seq || lane->progress().head > seq || lane->probing() ||
         lane->held == 0;
}

void Core::State::rebuild(Channel which, std::string_view reason, bool drain) {
  ChannelState& producer = channel(which);
  if (!stopped_reason.empty()) return;
  if (producer.rebuilding()) {
    // What made it fatal may be reported only afterwards.
    if (producer.reason == kFatalReason) producer.reason = reason;
    return;
  }
  producer.ready = false;
  producer.drain = drain;
  producer.reason = reason;
  producer.open_at_ms = now;
  if (producer.last == 0) return;
  // The first one after a delivery is at once; those after it wait.
  const bool first = producer.backoff.attempts() == 0;
  const std::int64_t delay = producer.backoff.next_ms(kRebuildMinMs, kRebuildMaxMs, random);
  if (!first) producer.open_at_ms += delay;
}

void Core::State::open_due(Channel which) {
  ChannelState& producer = channel(which);
  if (producer.open_at_ms < 0 || now < producer.open_at_ms) return;
  std::erase_if(producer.serial, [](const SerialWatch& watch) { return watch.over(); });
  const bool one =
      which == Channel::kProbe || !producer.serial.empty() || now < producer.serial_until_ms;
  producer.open_at_ms = -1;
  producer.opening = ++producer.last;
  producer.max_in_flight = one ? 1 : options.max_in_flight_requests;
  commands.open.push_back(
      {which, producer.opening, producer.max_in_flight, producer.drain, producer.reason});
}

void Core::State::ready(Channel which, Generation generation) {
  ChannelState& producer = channel(which);
  if (generation != producer.opening || generation == 0) return;
  // The former one gave all its reports by now: why it had to go is known.
  if (producer.generation != 0) ++rebuilds[std::string(producer.reason)];
  producer.generation = generation;
  producer.opening = 0;
  producer.ready = true;
  producer.blamed = false;
  rewind_lanes(which);
  if (which == Channel::kProbe && producer.lanes == 0) close(which);
}

void Core::State::rewind_lanes(Channel which) {
  channel(which).in_flight = 0;
  for (Lane* of : busy) {
    if (of->channel != which) continue;
    of->in_flight = 0;
    for (Partition* partition : of->active) {
      if (partition->next() > 0 || partition->broken) partition->rewind();
      partition->progress_ms = now;
    }
    touch(*of);
  }
}

void Core::State::fatal(Channel which, Generation generation, kafka::Action action,
                        std::string_view reason) {
  ChannelState& producer = channel(which);
  if (generation != producer.generation) return;
  if (action == kafka::Action::kStop) {
    producer.drain = false;
    return stop_everything(reason);
  }
  if (action == kafka::Action::kStall) producer.refused = reason;
  if (producer.rebuilding()) return drain_no_more(which);
  // Nobody was blamed: whoever had entries in flight may be the cause.
  if (which != Channel::kProbe && !producer.blamed) {
    for (Lane* of : busy) {
      if (of->channel != which) continue;
      const std::vector<Partition*> active = of->active;
      for (Partition* partition : active) {
        if (partition->next() > 0) trouble(*of, *partition);
      }
    }
  }
  rebuild(which, kFatalReason, false);
}

/// Of a fatal producer nothing will finish, whatever its end began with.
void Core::State::drain_no_more(Channel which) {
  ChannelState& producer = channel(which);
  if (!producer.drain) return;
  producer.drain = false;
  if (producer.opening == 0) return;
  commands.open.push_back(
      {which, producer.opening, producer.max_in_flight, false, producer.reason});
}

void Core::State::trouble(Lane& of, Partition& partition) {
  ChannelState& producer = channel(of.channel);
  const Generation generation = producer.generation;
  if (partition.trouble_generation == generation || partition.empty()) return;
  partition.trouble_generation = generation;
  const Seq front = partition.slots().front().seq;
  partition.trouble = partition.trouble_seq == front ? partition.trouble + 1 : 1;
  partition.trouble_seq = front;
  if (partition.trouble >= kTroubleProbe) {
    partition.trouble = 0;
    ++stats.alarms;
    note(of, true,
         "partition " + std::to_string(partition.id) + ": entry " + std::to_string(front) +
             " was not delivered by three producers; sending one message at a time");
    suspect(of, partition, front);
    to_probe(of, "not delivered by three producers");
  } else if (partition.trouble >= kTroubleSerial) {
    producer.serial.push_back({&of, &partition, front});
  }
}

void Core::State::watchdog() {
  std::erase_if(busy, [](Lane* of) {
    of->busy = of->held > 0;
    return !of->busy;
  });
  // All that are due count, not only the first of a producer, for which it is made anew.
  std::vector<std::pair<Lane*, Partition*>> late;
  for (Lane* of : busy) {
    for (Partition* partition : of->active) {
      if (unacknowledged(*of, *partition)) late.emplace_back(of, partition);
    }
  }
  for (const auto& [of, partition] : late) make_anew_for(*of, *partition);
  count_standing();
  care_for_mains();
}

void Core::State::count_standing() {
  std::size_t entries = 0;
  std::size_t bytes = 0;
  for (const Lane* of : busy) {
    for (const Partition* partition : of->active) {
      if (partition->leader >= 0 && !stuck(*partition)) continue;
      entries += partition->held();
      bytes += partition->held_bytes();
    }
  }
  window.standing(entries, bytes);
}

/// For longer than the watchdog allows.
bool Core::State::unacknowledged(const Lane& of, const Partition& partition) const {
  if (!is_connected || partition.in_flight() == 0 || partition.leader < 0) return false;
  const std::int64_t since =
      std::max({partition.slots().front().sent_ms, partition.live_since_ms, connected_since_ms});
  const std::int64_t limit = options.watchdog_ms << partition.watchdog_doublings;
  return now - since >= limit && !channel(of.channel).rebuilding();
}

void Core::State::make_anew_for(Lane& of, Partition& partition) {
  const std::int64_t limit = options.watchdog_ms << partition.watchdog_doublings;
  partition.watchdog_doublings = std::min(partition.watchdog_doublings + 1, kWatchdogDoublingsMax);
  channel(of.channel).blamed = true;
  note(of, true,
       "partition " + std::to_string(partition.id) + ": entry " +
           std::to_string(partition.slots().front().seq) + " was not acknowledged for " +
           std::to_string(limit / 1'000) + " s; making a new producer");
  if (of.channel != Channel::kProbe) trouble(of, partition);
  rebuild(of.channel, "watchdog", true);
}

void Core::State::close(Channel which) {
  ChannelState& producer = channel(which);
  if (producer.opening != 0) return;  // once it is ready
  producer.open_at_ms = -1;
  producer.ready = false;
  producer.generation = 0;
  producer.max_in_flight = 0;
  commands.close.push_back({which});
}

}  // namespace outbox::relay

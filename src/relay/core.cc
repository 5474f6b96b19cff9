#include "relay/core.h"

#include <algorithm>

#include "base/check.h"
#include "relay/core_state.h"

namespace outbox::relay {

CoreOptions CoreOptions::from(const RelayOptions& options, std::uint64_t seed) {
  CoreOptions core;
  core.in_flight_entries_max = options.in_flight_entries_max;
  core.in_flight_bytes_max = options.in_flight_bytes_max;
  core.max_in_flight_requests = options.max_in_flight_requests;
  core.shared_main_lanes = options.shared_producer_topics;
  core.poison_policy = options.poison_policy;
  core.keyless_block_entries = options.keyless_block_entries;
  core.unknown_topic_grace_ms = options.unknown_topic_grace_ms.count();
  core.stall_backoff_min_ms = options.stall_backoff_min_ms.count();
  core.stall_backoff_max_ms = options.stall_backoff_max_ms.count();
  core.watchdog_ms = options.watchdog_ms.count();
  core.slow_start_idle_ms = options.slow_start_idle_ms.count();
  core.old_after_ms = options.old_after_ms.count();
  core.only_safe_topics = options.preflight == Preflight::kEnforce;
  core.seed = seed;
  return core;
}

void Commands::clear() {
  produce.clear();
  settled.clear();
  advance.clear();
  bury.clear();
  purged.clear();
  record_counts.clear();
  release.clear();
  reads.clear();
  close.clear();
  open.clear();
  refresh_topics.clear();
  notes.clear();
  texts.clear();
}

bool Commands::empty() const {
  return produce.empty() && settled.empty() && advance.empty() && bury.empty() && purged.empty() &&
         record_counts.empty() && release.empty() && reads.empty() && close.empty() &&
         open.empty() && refresh_topics.empty() && notes.empty();
}

Core::Core(const CoreOptions& options) : state_(std::make_unique<State>(options)) {}
Core::~Core() = default;

Lane& Core::State::lane(LaneId id) {
  OUTBOX_CHECK(id < lanes.size() && lanes[id] != nullptr);
  return *lanes[id];
}

Lane& Core::State::at(std::int64_t now_ms, LaneId id) {
  now = std::max(now, now_ms);
  return lane(id);
}

void Core::State::touch(Lane& of) {
  if (of.touched) return;
  of.touched = true;
  touched.push_back(&of);
}

void Core::State::wake(Lane& of, std::int64_t at_ms) {
  if (of.wake_at_ms >= 0 && of.wake_at_ms <= at_ms) return;
  if (of.wake_at_ms >= 0) wakes.erase({of.wake_at_ms, of.id});
  of.wake_at_ms = at_ms;
  wakes.insert({at_ms, of.id});
}

void Core::State::note(const Lane& of, bool alarm, std::string text) {
  commands.notes.push_back({of.id, alarm, std::move(text)});
}

void Core::State::service(Lane& of) {
  maybe_clean(of);
  switch_channel(of);
  judge_fewer(of);
  service_accept(of);
  service_purge(of);
  const bool waits = !of.stalled.empty() && now < of.stall_until_ms;
  if (waits) wake(of, of.stall_until_ms);
  const bool idle = of.in_flight == 0 && !of.bury_out && !of.active.empty();
  if ((waits || !open(of)) && idle && !stopping) forget_held(of);
  for (Partition* partition : of.active) {
    if (of.stray(partition->id)) {
      judge_stray(of, *partition);
    } else {
      hand_out(of, *partition);
    }
  }
}

void Core::State::flush(Lane& of) {
  of.refresh_progress();
  // What bury and purge write is the lane's progress with one step more: nothing
  // may be told to the store in between.
  const bool frozen = of.bury_out || of.purge == Lane::Purge::kRecording;
  if (!frozen) {
    if (of.advance_due || of.delivered_pending > 0) {
      commands.advance.push_back({of.id, of.delivered_pending, &of.progress()});
      window.told(of.delivered_pending);
      of.delivered_pending = 0;
      of.advance_due = false;
    }
    emit_bury(of);
    emit_purge(of);
  }
  emit_record(of);
  want_read(of);
}

void Core::State::pump() {
  for (std::size_t i = 0; i < touched.size(); ++i) {
    Lane& of = *touched[i];
    of.touched = false;
    service(of);
    if (!of.touched) flush(of);
  }
  touched.clear();
  issue_reads();
  for (const Channel which : kAllChannels) open_due(which);
  if (tick_at_ms < 0 && (!busy.empty() || mains_need_care())) tick_at_ms = now + kTickMs;
}

void Core::State::timer() {
  while (!wakes.empty() && wakes.begin()->first <= now) {
    Lane& of = lane(wakes.begin()->second);
    wakes.erase(wakes.begin());
    of.wake_at_ms = -1;
    touch(of);
  }
  if (tick_at_ms >= 0 && now >= tick_at_ms) {
    tick_at_ms = -1;
    watchdog();
  }
}

}  // namespace outbox::relay

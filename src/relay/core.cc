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
  core.poison_policy = options.poison_policy;
  core.keyless_block_entries = options.keyless_block_entries;
  core.unknown_topic_grace_ms = options.unknown_topic_grace_ms.count();
  core.stall_backoff_min_ms = options.stall_backoff_min_ms.count();
  core.stall_backoff_max_ms = options.stall_backoff_max_ms.count();
  core.watchdog_ms = options.watchdog_ms.count();
  core.slow_start_idle_ms = options.slow_start_idle_ms.count();
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
  for (const Channel which : {Channel::kMain, Channel::kProbe}) open_due(which);
  const ChannelState& main = channel(Channel::kMain);
  const bool serial_now = main.max_in_flight == 1 && options.max_in_flight_requests > 1;
  if (tick_at_ms < 0 && (!busy.empty() || serial_now)) tick_at_ms = now + kTickMs;
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

void Core::start(std::int64_t now_ms) {
  state_->now = now_ms;
  state_->rebuild(Channel::kMain, "start", false);
  state_->open_due(Channel::kMain);
}

void Core::add_lane(std::int64_t now_ms, LaneId lane, const store::Progress& progress, Seq tail,
                    std::span<const PartitionCount> history) {
  state_->now = std::max(state_->now, now_ms);
  auto& lanes = state_->lanes;
  if (lanes.size() <= lane) lanes.resize(lane + std::size_t{1});
  OUTBOX_CHECK(lanes[lane] == nullptr);
  lanes[lane] = std::make_unique<Lane>(lane, progress, tail, history);
}

void Core::lane_available(std::int64_t now_ms, LaneId lane, Seq tail) {
  Lane& of = state_->at(now_ms, lane);
  if (tail <= of.tail) return;
  of.tail = tail;
  state_->touch(of);
}

void Core::fresh(std::int64_t now_ms, LaneId lane, std::span<const EntryMeta> metas) {
  if (metas.empty()) return;
  Lane& of = state_->at(now_ms, lane);
  of.tail = std::max(of.tail, metas.back().seq);
  if (state_->taking(of) && metas.front().seq == of.main_next) {
    state_->offer_main(of, metas, metas.back().seq);
  } else {
    state_->drop_all(metas);
  }
  if (of.main_next <= of.tail) state_->touch(of);
}

bool Core::wants_fresh(LaneId lane, Seq first) const {
  const Lane& of = state_->lane(lane);
  if (!state_->taking(of) || of.main_next != first) return false;
  if (of.probing() && of.held >= kProbeHeldMax) return false;
  return state_->window.room(lane, 0);
}

void Core::entries(std::int64_t now_ms, LaneId lane, ReadId read, std::span<const EntryMeta> metas,
                   Seq reached) {
  state_->read_answered(state_->at(now_ms, lane), read, metas, reached);
}

void Core::read_failed(std::int64_t now_ms, LaneId lane, ReadId read, std::string_view reason) {
  Lane& of = state_->at(now_ms, lane);
  OUTBOX_CHECK(state_->reads_out > 0);
  --state_->reads_out;
  state_->touch(of);
  if (of.read != read) return;
  of.read = 0;
  of.read_at_ms = state_->now + kStoreRetryMs;
  if (of.read_trouble != reason)
    state_->note(of, true, "cannot read the outbox: " + std::string(reason));
  of.read_trouble = reason.empty() ? "failed" : reason;
}

void Core::buried(std::int64_t now_ms, LaneId lane, Seq seq, bool ok) {
  state_->buried(state_->at(now_ms, lane), seq, ok);
}
void Core::partition_count_recorded(std::int64_t now_ms, LaneId lane, bool ok) {
  state_->count_recorded(state_->at(now_ms, lane), ok);
}
void Core::purge_recorded(std::int64_t now_ms, LaneId lane, bool ok) {
  state_->purge_recorded(state_->at(now_ms, lane), ok);
}

void Core::topic_seen(std::int64_t now_ms, LaneId lane, std::span<const std::int32_t> leaders) {
  state_->seen(state_->at(now_ms, lane), leaders);
}
void Core::topic_error(std::int64_t now_ms, LaneId lane, const kafka::Failure& failure) {
  state_->topic_error(state_->at(now_ms, lane), failure);
}

void Core::connected(std::int64_t now_ms, bool connected) {
  state_->now = std::max(state_->now, now_ms);
  if (state_->is_connected == connected) return;
  state_->is_connected = connected;
  state_->connected_since_ms = state_->now;
  for (Lane* of : state_->busy) {
    for (Partition* partition : of->active) partition->progress_ms = state_->now;
    state_->touch(*of);
  }
}

void Core::producer_ready(std::int64_t now_ms, Channel channel, Generation generation) {
  state_->now = std::max(state_->now, now_ms);
  state_->ready(channel, generation);
}
void Core::producer_fatal(std::int64_t now_ms, Channel channel, Generation generation,
                          kafka::Action action, std::string_view reason) {
  state_->now = std::max(state_->now, now_ms);
  state_->fatal(channel, generation, action, reason);
}
void Core::reports(std::int64_t now_ms, std::span<const Report> reports) {
  state_->now = std::max(state_->now, now_ms);
  for (const Report& report : reports) state_->report(report);
}

void Core::timer(std::int64_t now_ms) {
  state_->now = std::max(state_->now, now_ms);
  state_->timer();
}

void Core::pause(std::int64_t now_ms, LaneId lane) {
  Lane& of = state_->at(now_ms, lane);
  of.paused = true;
  state_->touch(of);
}
void Core::resume(std::int64_t now_ms, LaneId lane) {
  Lane& of = state_->at(now_ms, lane);
  of.paused = false;
  state_->touch(of);
}
bool Core::accept(std::int64_t now_ms, LaneId lane) {
  return state_->accept(state_->at(now_ms, lane));
}
bool Core::purge(std::int64_t now_ms, LaneId lane, Seq through) {
  return state_->purge(state_->at(now_ms, lane), through);
}
bool Core::cancel_purge(std::int64_t now_ms, LaneId lane) {
  return state_->cancel_purge(state_->at(now_ms, lane));
}

void Core::stop(std::int64_t now_ms) {
  state_->now = std::max(state_->now, now_ms);
  state_->stopping = true;
}

bool Core::finished() const {
  const State& state = *state_;
  return state.stopping && state.answers_out == 0 && in_flight(Channel::kMain) == 0 &&
         in_flight(Channel::kProbe) == 0;
}

void Core::pump(std::int64_t now_ms) {
  state_->now = std::max(state_->now, now_ms);
  state_->pump();
}

}  // namespace outbox::relay

// The events, each brought to those who handle it.
#include <algorithm>

#include "base/check.h"
#include "relay/core.h"
#include "relay/core_state.h"

namespace outbox::relay {

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
  lanes[lane]->live_on(home_of(lane, state_->options.shared_main_lanes));
  if (state_->options.only_safe_topics) lanes[lane]->unsafe = kNotJudged;
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
void Core::unrecorded(std::size_t entries) { state_->window.unrecorded(entries); }

void Core::topic_seen(std::int64_t now_ms, LaneId lane, std::span<const std::int32_t> leaders) {
  state_->seen(state_->at(now_ms, lane), leaders);
}
void Core::topic_error(std::int64_t now_ms, LaneId lane, const kafka::Failure& failure) {
  state_->topic_error(state_->at(now_ms, lane), failure);
}

void Core::topic_safety(std::int64_t now_ms, LaneId lane, std::string_view unsafe) {
  state_->safety(state_->at(now_ms, lane), unsafe);
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
  return state.stopping && state.answers_out == 0 && in_flight() == 0;
}

void Core::pump(std::int64_t now_ms) {
  state_->now = std::max(state_->now, now_ms);
  state_->pump();
}

}  // namespace outbox::relay

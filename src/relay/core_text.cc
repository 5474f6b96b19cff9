// What the core shows of itself.
#include <algorithm>

#include "relay/core_state.h"

namespace outbox::relay {

namespace {

std::string leaderless_text(const Lane& lane) {
  std::string text;
  for (std::size_t i = 0; i < lane.leaders.size(); ++i) {
    if (lane.leaders[i] >= 0) continue;
    text += text.empty() ? " (without a leader: partition " : ", ";
    text += std::to_string(i);
  }
  return text.empty() ? text : text + ")";
}

}  // namespace

std::string fewer_text(const Lane& lane) {
  const std::string text = "the topic has " + std::to_string(lane.leaders.size()) +
                           " partitions, " + std::to_string(lane.recorded.count) + " were recorded";
  if (lane.fewer == Lane::Fewer::kSeen) return "waiting: " + text;
  return "halted: " + text + " (was it created anew?); accept it to go on";
}

std::string offset_back_text(std::int32_t partition, const Slot& slot, std::int64_t before) {
  const std::string at = std::to_string(slot.offset);
  const std::string id = std::to_string(partition);
  const std::string command = "; see: kcat -C -t TOPIC -p " + id + " -f '%o %h\\n' -o ";
  std::string text = "partition " + id + ": entry " + std::to_string(slot.seq) +
                     " came to offset " + at + ", an earlier one to " + std::to_string(before) +
                     ": Kafka has lost what it had confirmed from offset " + at +
                     " on (a leader with less log was elected, or the topic was made anew). "
                     "Missing there: the entries ";
  if (slot.offset == 0) return text + "up to the outbox-prev at offset 0" + command + "0 -c 1";
  const std::string last = std::to_string(slot.offset - 1);
  return text + "behind the outbox-id at offset " + last + ", up to the outbox-prev at offset " +
         at + command + last + " -c 2";
}

std::string Core::State::lane_text(const Lane& lane) const {
  if (!stopped_reason.empty()) return "stopped: " + stopped_reason;
  if (lane.purge != Lane::Purge::kNone) return "purging";
  if (lane.fewer == Lane::Fewer::kHalted) return fewer_text(lane);
  if (!lane.halted.empty()) return "halted: " + lane.halted;
  if (lane.paused) return "paused";
  if (!lane.read_trouble.empty()) return "stalled: reading the outbox: " + lane.read_trouble;
  if (!lane.stalled.empty()) {
    const std::int64_t left_ms = std::max<std::int64_t>(lane.stall_until_ms - now, 0);
    return "stalled: " + lane.stalled + " (next try in " + std::to_string(left_ms / 1'000) + " s)";
  }
  const std::string& refused = channel(lane.channel).refused;
  if (!refused.empty()) return "stalled: " + refused;
  if (!lane.seen) return topic_text(lane);
  if (lane.fewer == Lane::Fewer::kSeen) return fewer_text(lane);
  if (!lane.unsafe.empty()) return "held: " + lane.unsafe;
  if (lane.recorded.count == 0) return "waiting: recording the partition count";
  if (lane.probing()) return "probing: " + lane.probe_reason;
  return "flowing" + leaderless_text(lane);
}

std::string Core::State::topic_text(const Lane& lane) const {
  if (lane.topic_trouble.empty()) return "waiting: for the topic's metadata";
  const bool over = lane.topic_trouble_since_ms >= 0 &&
                    now - lane.topic_trouble_since_ms >= options.unknown_topic_grace_ms;
  return (over ? "stalled: " : "waiting: ") + lane.topic_trouble;
}

std::int64_t Core::next_deadline_ms() const {
  std::int64_t next = state_->tick_at_ms;
  const auto earlier = [&next](std::int64_t at_ms) {
    if (at_ms >= 0 && (next < 0 || at_ms < next)) next = at_ms;
  };
  if (!state_->wakes.empty()) earlier(state_->wakes.begin()->first);
  for (const ChannelState& producer : state_->channels) earlier(producer.open_at_ms);
  return next;
}

std::string Core::lane_state(std::int64_t now_ms, LaneId lane) const {
  state_->now = std::max(state_->now, now_ms);
  return state_->lane_text(state_->lane(lane));
}

const store::Progress& Core::progress(LaneId lane) const { return state_->lane(lane).progress(); }
std::size_t Core::in_flight(Channel channel) const { return state_->channel(channel).in_flight; }
std::size_t Core::in_flight() const {
  std::size_t all = 0;
  for (const ChannelState& producer : state_->channels) all += producer.in_flight;
  return all;
}
const std::map<std::string, std::uint64_t>& Core::rebuilds() const { return state_->rebuilds; }
const std::string& Core::stopped_reason() const { return state_->stopped_reason; }
Commands& Core::commands() { return state_->commands; }

const CoreStats& Core::stats() const {
  state_->stats.held_entries = state_->window.entries();
  state_->stats.held_bytes = state_->window.bytes();
  return state_->stats;
}

}  // namespace outbox::relay

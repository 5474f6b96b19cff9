// What metadata says of a lane's topic.
#include <algorithm>

#include "base/check.h"
#include "relay/core_state.h"

namespace outbox::relay {

void Core::State::seen(Lane& of, std::span<const std::int32_t> leaders) {
  if (leaders.empty()) return;
  const bool same = of.seen && std::ranges::equal(leaders, of.leaders);
  if (same && !of.record_wanted && of.recorded.count > 0) return;
  if (!of.topic_trouble.empty()) note(of, false, "the topic is there");
  of.seen = true;
  of.topic_trouble.clear();
  of.topic_trouble_since_ms = -1;
  of.unknown_since_ms = -1;
  if (leaders.size() != of.leaders.size()) of.stray_since_ms = now;
  update_leaders(of, leaders);
  compare_count(of);
  touch(of);
}

void Core::State::update_leaders(Lane& of, std::span<const std::int32_t> leaders) {
  of.leaders.assign(leaders.begin(), leaders.end());
  of.for_each_partition([&](Partition& partition) {
    const std::int32_t leader =
        of.stray(partition.id) ? -1 : of.leaders[static_cast<std::size_t>(partition.id)];
    if (leader == partition.leader) return;
    partition.leader = leader;
    partition.slow = true;
    partition.alone = false;
    partition.live_since_ms = now;
    partition.progress_ms = now;
    if (leader < 0) trim(of, partition);
  });
}

void Core::State::compare_count(Lane& of) {
  const auto count = static_cast<std::int32_t>(of.leaders.size());
  // One that has halted does not go on by itself: it may be another topic.
  if (of.fewer == Lane::Fewer::kHalted) return;
  if (count < of.recorded.count && of.accepted_from == 0) {
    if (of.fewer == Lane::Fewer::kNo) of.fewer_since_ms = of.fewer_ask_at_ms = now;
    of.fewer = Lane::Fewer::kSeen;
    of.record_wanted = false;
    return;
  }
  of.fewer = Lane::Fewer::kNo;
  if (of.record_out) return;
  const bool as_recorded = count == of.recorded.count &&
                           options.keyless_block_entries == of.recorded.keyless_block_entries;
  of.record_wanted = !as_recorded;
  // What was accepted has passed before it was recorded: from here on entries are placed as before.
  if (as_recorded) of.accepted_from = 0;
}

void Core::State::judge_fewer(Lane& of) {
  if (of.fewer != Lane::Fewer::kSeen) return;
  // Meanwhile nobody could say otherwise.
  if (!of.seen || !is_connected) of.fewer_since_ms = now;
  if (now - of.fewer_since_ms < kFewerGraceMs) {
    if (now >= of.fewer_ask_at_ms) {
      commands.refresh_topics.push_back(of.id);
      of.fewer_ask_at_ms = now + kFewerAskMs;
    }
    return wake(of, of.fewer_ask_at_ms);
  }
  of.fewer = Lane::Fewer::kHalted;
  note(of, true, fewer_text(of));
}

void Core::State::emit_record(Lane& of) {
  if (!of.record_wanted || of.record_out || !of.seen || stopping) return;
  if (now < of.record_at_ms) return wake(of, of.record_at_ms);
  // The first count holds for all: nothing was ever placed without one.
  Seq from = 1;
  if (of.recorded.count > 0) {
    from = std::max({of.main_next, of.first_unplaced, of.recorded.from_seq});
  }
  if (of.accepted_from != 0) from = of.accepted_from;
  of.recording = {from, static_cast<std::int32_t>(of.leaders.size()),
                  options.keyless_block_entries};
  of.record_out = true;
  of.read = 0;  // what is being read was placed without it
  ++answers_out;
  commands.record_counts.push_back({of.id, of.recording});
}

void Core::State::count_recorded(Lane& of, bool ok) {
  if (!of.record_out) return;
  of.record_out = false;
  --answers_out;
  touch(of);
  if (!ok) {
    of.record_at_ms = now + kStoreRetryMs;
    return;
  }
  of.recorded = of.recording;
  of.accepted_from = 0;
  of.record_wanted = false;
  if (of.seen) compare_count(of);
}

void Core::State::topic_error(Lane& of, const kafka::Failure& failure) {
  if (of.seen || of.topic_trouble.empty()) {
    note(of, false, "waiting: " + std::string(failure.reason));
  }
  if (of.seen || of.topic_trouble_since_ms < 0) of.topic_trouble_since_ms = now;
  of.seen = false;
  of.topic_trouble = failure.reason.empty() ? "the topic cannot be used" : failure.reason;
  touch(of);
}

void Core::State::safety(Lane& of, std::string_view unsafe) {
  if (!options.only_safe_topics || of.unsafe == unsafe) return;
  const bool first = of.unsafe == kNotJudged;
  of.unsafe = unsafe;
  if (!of.unsafe.empty()) note(of, false, "held: " + of.unsafe);
  if (of.unsafe.empty() && !first) note(of, false, "safe again, sending");
  touch(of);
}

}  // namespace outbox::relay

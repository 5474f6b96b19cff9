#include "model/sim_driver.h"

#include <algorithm>
#include <utility>

namespace outbox::model {

namespace {

constexpr int kTurnsMax = 10'000;

}  // namespace

SimDriver::SimDriver(Shared& shared) : shared_(shared), core_(shared.options) {}
SimDriver::~SimDriver() { *alive_ = false; }

void SimDriver::start() {
  core_.start(now());
  for (const auto& [id, lane] : shared_.store.lanes()) {
    if (lane.tail() == 0) continue;
    Progress progress = lane.progress;
    if (shared_.mutant == Mutant::kForgetVector) {
      progress = Progress{};
      progress.head = lane.progress.head;
    }
    core_.add_lane(now(), id, progress, lane.tail(), lane.history());
    known_.insert(id);
  }
  look_at_cluster();
}

void SimDriver::poke() {
  if (run_due_) return;
  run_due_ = true;
  later(shared_.rng.between(0, 4), [this] {
    run_due_ = false;
    run();
  });
}

relay::EntryMeta SimDriver::meta(LaneId lane, Seq seq) {
  const SimLane& l = shared_.store.lane(lane);
  relay::EntryMeta m;
  m.seq = seq;
  m.handle = ++last_handle_;
  m.bytes = l.entry(seq).bytes;
  m.partition = l.partition_of(seq);
  if (shared_.mutant == Mutant::kPlaceByNewestCount && !l.history().empty()) {
    const SimEntry& entry = l.entry(seq);
    PartitionCount newest = l.history().back();
    newest.from_seq = 1;
    m.partition = place({&newest, 1}, seq, entry.key, entry.given).value_or(-1);
  }
  handles_[m.handle] = {lane, seq};
  return m;
}

void SimDriver::on_durable(LaneId lane, Seq from) {
  const Seq tail = shared_.store.lane(lane).tail();
  if (known_.insert(lane).second) {
    core_.add_lane(now(), lane, shared_.store.lane(lane).progress, tail,
                   shared_.store.lane(lane).history());
    later(shared_.rng.between(0, 200), [this] { look_at_cluster(); });
  } else if (core_.wants_fresh(lane, from) && !shared_.rng.one_in(10)) {
    std::vector<relay::EntryMeta> metas;
    for (Seq seq = from; seq <= tail; ++seq) metas.push_back(meta(lane, seq));
    core_.fresh(now(), lane, metas);
  } else {
    core_.lane_available(now(), lane, tail);
  }
  poke();
}

void SimDriver::look_at_cluster() {
  core_.connected(now(), !shared_.broker.away);
  if (!shared_.broker.away) {
    for (const LaneId id : known_) {
      const SimTopic& topic = shared_.broker.topic(id);
      if (!topic.exists) {
        core_.topic_error(now(), id, {kafka::Action::kUnknownTopic, "unknown topic", false});
        continue;
      }
      std::vector<std::int32_t> leaders;
      for (const SimPartition& p : topic.partitions) leaders.push_back(p.leader);
      core_.topic_seen(now(), id, leaders);
      if (shared_.options.only_safe_topics) judge(id, topic);
    }
  }
  poke();
}

void SimDriver::judge(LaneId id, const SimTopic& topic) {
  if (!topic.unsafe) {
    safe_.insert(id);
  } else if (safe_.erase(id) > 0) {
    shared_.happened.count(Event::kUnsafe);
    // Commanded before it was told; nobody takes that back.
    for (const relay::Produce& each : core_.commands().produce) {
      if (each.lane == id) commanded_.insert(each.handle);
    }
  }
  core_.topic_safety(now(), id, topic.unsafe ? "min.insync.replicas is 1" : "");
}

void SimDriver::run() {
  for (int turn = 0; turn < kTurnsMax; ++turn) {
    bool more = take_reports();
    for (const auto& answer : std::exchange(answers_, {})) {
      answer();
      more = true;
    }
    const std::int64_t due = core_.next_deadline_ms();
    if (due >= 0 && due <= now()) {
      core_.timer(now());
      more = true;
    }
    core_.unrecorded(shared_.store.unrecorded());
    core_.pump(now());
    more = more || !core_.commands().empty();
    execute();
    for (const relay::Channel channel : relay::kAllChannels) {
      close_and_open(channel);
    }
    if (!more) {
      check();
      schedule_deadline();
      return;
    }
  }
  shared_.verdicts.expect(false, "the core never comes to rest");
}

void SimDriver::schedule_deadline() {
  const std::int64_t due = core_.next_deadline_ms();
  if (due < 0 || (wake_ms_ > now() && wake_ms_ <= due)) return;
  wake_ms_ = std::max(due, now() + 1);
  shared_.verdicts.expect(due > now(), "a deadline in the past");
  later(wake_ms_ - now(), [this] { poke(); });
}

/// Budgets, at every rest.
void SimDriver::check() {
  const relay::CoreStats& stats = core_.stats();
  const auto& o = shared_.options;
  shared_.verdicts.expect(
      stats.held_entries + shared_.store.unrecorded() <= o.in_flight_entries_max,
      "too many entries held or delivered and not recorded");
  shared_.verdicts.expect(stats.held_bytes <= o.in_flight_bytes_max || stats.held_entries <= 1,
                          "too many bytes held");
  shared_.verdicts.expect(handles_.size() == stats.held_entries,
                          "payloads and held entries differ");
}

void SimDriver::check_before_kill() {
  const auto repeated = std::count_if(produced_.begin(), produced_.end(), [this](const auto& each) {
    const auto& [id, seq] = each.first;
    const SimLane& lane = shared_.store.lane(id);
    return !lane.durable.settled(lane.partition_of(seq), seq);
  });
  shared_.verdicts.expect(
      static_cast<std::size_t>(repeated) <= shared_.options.in_flight_entries_max,
      "a kill repeats more than the window");
}

void SimDriver::check_nothing_left() {
  shared_.verdicts.expect(handles_.empty(), "payloads are left over after the end");
  shared_.verdicts.expect(core_.finished(), "stopped, but not finished");
}

}  // namespace outbox::model

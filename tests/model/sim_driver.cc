#include "model/sim_driver.h"

#include <algorithm>
#include <string>

#include "relay/limits.h"

namespace outbox::model {
namespace {

constexpr std::int64_t kSocketTimeoutMs = 3'000;
constexpr std::size_t kMainBatchMax = 8;
constexpr int kTurnsMax = 10'000;

}  // namespace

SimDriver::SimDriver(Shared& shared) : shared_(shared), core_(shared.options) {}
SimDriver::~SimDriver() { *alive_ = false; }

template <typename F>
void SimDriver::later(std::int64_t delay_ms, F what) {
  shared_.scheduler.after(delay_ms, [alive = alive_, what] {
    if (*alive) what();
  });
}

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
    }
  }
  poke();
}

void SimDriver::break_producer(bool wedge) {
  const auto& producer = slots_[shared_.rng.below(relay::kChannels)].producer;
  if (!producer) return;
  if (wedge) {
    producer->wedge();
  } else {
    producer->become_fatal();
  }
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
    for (const auto channel : {relay::Channel::kMain, relay::Channel::kProbe}) {
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

bool SimDriver::take_reports() {
  bool any = false;
  for (Slot& slot : slots_) {
    if (!slot.producer) continue;
    std::vector<relay::Report> reports = slot.producer->take_reports();
    any = any || !reports.empty();
    const bool fatal = slot.producer->take_fatal();
    const auto channel = &slot == slots_.data() ? relay::Channel::kMain : relay::Channel::kProbe;
    const auto tell_fatal = [&] {
      core_.producer_fatal(now(), channel, slot.producer->generation(), kafka::Action::kRebuild,
                           "fatal");
    };
    const bool fatal_first = shared_.rng.one_in(2);
    if (fatal && fatal_first) tell_fatal();
    feed(std::move(reports));
    if (fatal && !fatal_first) tell_fatal();
    any = any || fatal;
  }
  return any;
}

void SimDriver::feed(std::vector<relay::Report> reports) {
  for (relay::Report& report : reports) {
    if (shared_.mutant == Mutant::kBelieveImplicitAcks &&
        report.outcome == relay::Outcome::kNoOffset) {
      report.outcome = relay::Outcome::kDelivered;
      report.offset = 0;
    }
    shared_.trace.step(now(), "report channel lane partition seq outcome",
                       {static_cast<std::uint64_t>(report.channel), report.lane,
                        static_cast<std::uint64_t>(report.partition), report.seq,
                        static_cast<std::uint64_t>(report.outcome)});
  }
  for (const relay::Report& report : reports) {
    if (report.outcome != relay::Outcome::kDelivered) produced_.erase({report.lane, report.seq});
  }
  if (!reports.empty()) core_.reports(now(), reports);
}

void SimDriver::close_and_open(relay::Channel channel) {
  Slot& slot = slots_[static_cast<std::size_t>(channel)];
  if (slot.opening == 0 || slot.making) return;
  if (slot.producer) {
    if (slot.drain && !slot.producer->fatal() && now() < slot.give_up_ms &&
        slot.producer->unreported() > 0) {
      return;
    }
    slot.producer->purge();
    if (!shared_.rng.one_in(8)) feed(slot.producer->take_reports());  // else it hangs
    slot.producer.reset();
    poke();
  }
  slot.making = true;
  later(shared_.rng.between(1, 300), [this, channel] { make_producer(channel); });
}

void SimDriver::make_producer(relay::Channel channel) {
  Slot& slot = slots_[static_cast<std::size_t>(channel)];
  const bool probe = channel == relay::Channel::kProbe;
  SimProducer::World world{&shared_.scheduler,
                           &shared_.broker,
                           &shared_.rng,
                           &shared_.faults,
                           &shared_.epoch_resends,
                           &shared_.hand_outs,
                           [this, alive = alive_] {
                             if (*alive) poke();
                           }};
  slot.producer =
      std::make_shared<SimProducer>(world, channel, slot.opening, probe ? 1 : slot.max_in_flight,
                                    probe ? 1 : kMainBatchMax, ++shared_.last_producer_id);
  slot.making = false;
  const relay::Generation generation = std::exchange(slot.opening, 0);
  std::erase_if(produced_, [channel](const auto& each) { return each.second == channel; });
  core_.producer_ready(now(), channel, generation);
  poke();
}

void SimDriver::record_soon() {
  const std::size_t share = shared_.options.in_flight_entries_max / relay::kUnrecordedShare;
  if (recording_ || shared_.store.unrecorded() < std::max<std::size_t>(share, 1)) return;
  recording_ = true;
  later(shared_.rng.between(0, 20), [this] {
    recording_ = false;
    shared_.store.sync();
    poke();
  });
}

void SimDriver::execute() {
  relay::Commands commands = std::move(core_.commands());
  core_.commands().clear();
  Shared& s = shared_;
  trace(commands);
  produce(std::move(commands.produce));
  for (const relay::Advance& each : commands.advance) {
    if (s.mutant == Mutant::kIgnoreProgress) continue;
    s.store.advance(each.lane, *each.progress, each.delivered);
  }
  record_soon();
  for (const relay::Bury& each : commands.bury) {
    const bool ok = !s.rng.percent(s.faults.store_no_percent) &&
                    s.store.bury(each.lane, each.seq, each.partition, each.reason, each.progress);
    answers_.push_back(
        [this, lane = each.lane, seq = each.seq, ok] { core_.buried(now(), lane, seq, ok); });
  }
  for (const relay::Purged& each : commands.purged) {
    const bool ok = !s.rng.percent(s.faults.store_no_percent);
    if (ok) s.store.record_purge(each.lane, each.from, each.through, each.count, each.progress);
    answers_.push_back([this, lane = each.lane, ok] { core_.purge_recorded(now(), lane, ok); });
  }
  for (const relay::RecordPartitionCount& each : commands.record_counts) {
    const bool ok =
        !s.rng.percent(s.faults.store_no_percent) && s.store.record_count(each.lane, each.count);
    answers_.push_back(
        [this, lane = each.lane, ok] { core_.partition_count_recorded(now(), lane, ok); });
  }
  for (const relay::Handle handle : commands.release) {
    s.verdicts.expect(handles_.contains(handle), "a payload was released twice");
    if (s.mutant == Mutant::kLoseRelease && s.rng.one_in(50)) continue;
    handles_.erase(handle);
  }
  for (const relay::Read& each : commands.reads) read(each);
  for (const relay::CloseProducer& each : commands.close) {
    Slot& slot = slots_[static_cast<std::size_t>(each.channel)];
    s.verdicts.expect(slot.opening == 0, "closed while it is being opened");
    slot.producer.reset();
  }
  for (const relay::OpenProducer& each : commands.open) {
    Slot& slot = slots_[static_cast<std::size_t>(each.channel)];
    const bool hurried = slot.opening == each.generation && !each.drain;
    s.verdicts.expect(slot.opening == 0 || hurried, "opened twice");
    slot.opening = each.generation;
    slot.max_in_flight = each.max_in_flight_requests;
    slot.drain = each.drain;
    slot.give_up_ms = now() + kSocketTimeoutMs;
    later(kSocketTimeoutMs + 1, [this] { poke(); });
  }
  if (!commands.refresh_topics.empty()) {
    later(s.rng.between(50, 500), [this] { look_at_cluster(); });
  }
}

void SimDriver::trace(const relay::Commands& commands) {
  Trace& to = shared_.trace;
  for (const relay::Advance& each : commands.advance) {
    to.step(now(), "advance lane head delivered", {each.lane, each.progress->head, each.delivered});
  }
  for (const relay::Bury& each : commands.bury) {
    to.step(now(), "bury lane partition seq",
            {each.lane, static_cast<std::uint64_t>(each.partition), each.seq});
  }
  for (const relay::Purged& each : commands.purged) {
    to.step(now(), "purge lane from through count",
            {each.lane, each.from, each.through, each.count});
  }
  for (const relay::Read& each : commands.reads) {
    to.step(now(), "read lane from entries bytes",
            {each.lane, each.from, each.entries_max, each.bytes_max});
  }
  for (const relay::OpenProducer& each : commands.open) {
    to.step(now(), std::string(each.reason).c_str(),
            {static_cast<std::uint64_t>(each.channel), each.generation});
  }
  for (const relay::Note& each : commands.notes) to.step(now(), each.text.c_str(), {each.lane});
}

void SimDriver::produce(std::vector<relay::Produce> commands) {
  if (shared_.mutant == Mutant::kSwapHandOut) {
    for (std::size_t i = 1; i < commands.size(); ++i) {
      if (commands[i].partition == commands[i - 1].partition &&
          commands[i].lane == commands[i - 1].lane) {
        std::swap(commands[i], commands[i - 1]);
        break;
      }
    }
  }
  std::set<std::pair<LaneId, std::int32_t>> refused;
  std::vector<relay::Report> reports;
  for (relay::Produce& each : commands) {
    shared_.trace.step(now(), "produce channel generation lane partition seq prev",
                       {static_cast<std::uint64_t>(each.channel), each.generation, each.lane,
                        static_cast<std::uint64_t>(each.partition), each.seq, each.prev});
    shared_.verdicts.expect(handles_.contains(each.handle), "produced after its release");
    Slot& slot = slots_[static_cast<std::size_t>(each.channel)];
    if (!slot.producer || slot.producer->generation() != each.generation || slot.opening != 0) {
      continue;
    }
    if (shared_.mutant == Mutant::kWrongPrev) each.prev = 0;
    // So a restart repeats what was in flight and not durably settled, no more.
    shared_.verdicts.expect(
        !shared_.store.lane(each.lane).progress.settled(each.partition, each.seq), [&] {
          return "handed out although it is settled: lane " + std::to_string(each.lane) + " seq " +
                 std::to_string(each.seq);
        });
    if (shared_.mutant == Mutant::kSkipInRepeat && shared_.rng.one_in(3) &&
        shared_.store.logged(each.lane, each.partition, each.seq)) {
      reports.push_back({each.channel,
                         each.generation,
                         each.lane,
                         each.partition,
                         each.seq,
                         relay::Outcome::kDelivered,
                         0,
                         {}});
      continue;
    }
    kafka::Failure failure{kafka::Action::kRetry, "queue full", false};
    const std::pair<LaneId, std::int32_t> key{each.lane, each.partition};
    if (!refused.contains(key) && slot.producer->produce(each, failure)) {
      if (!shared_.produced.insert({each.lane, each.seq}).second) ++shared_.resent;
      produced_[{each.lane, each.seq}] = each.channel;
      if (shared_.mutant == Mutant::kAdvanceBeforeReport) {
        Progress early = shared_.store.lane(each.lane).progress;
        early.head = std::max(early.head, each.seq + 1);
        shared_.store.advance(each.lane, early, 1);
      }
      continue;
    }
    refused.insert(key);
    relay::Report report{each.channel, each.generation,          each.lane, each.partition,
                         each.seq,     relay::Outcome::kRefused, -1,        failure};
    reports.push_back(report);
  }
  if (!reports.empty()) {
    answers_.push_back([this, reports] { core_.reports(now(), reports); });
  }
}

/// Answers come in the order of the questions.
void SimDriver::read(const relay::Read& command) {
  shared_.verdicts.expect(command.from >= shared_.store.lane(command.lane).durable.head,
                          "a read below the durable head");
  last_read_ms_ = std::max(last_read_ms_, now() + shared_.rng.between(0, 5));
  later(last_read_ms_ - now(), [this, command] { answer_read(command); });
}

void SimDriver::answer_read(const relay::Read& command) {
  poke();
  if (shared_.rng.percent(shared_.faults.read_fails_percent)) {
    core_.read_failed(now(), command.lane, command.id, "I/O error");
    return;
  }
  const SimLane& lane = shared_.store.lane(command.lane);
  std::vector<relay::EntryMeta> metas;
  std::size_t bytes = 0;
  Seq seq = command.from;
  while (seq <= lane.tail() && metas.size() < command.entries_max) {
    if (!metas.empty() && bytes + lane.entry(seq).bytes > command.bytes_max) break;
    bytes += lane.entry(seq).bytes;
    metas.push_back(meta(command.lane, seq));
    ++seq;
  }
  if (!shared_.store.read(command.lane, command.from, metas.size())) {
    for (const relay::EntryMeta& m : metas) handles_.erase(m.handle);
    core_.read_failed(now(), command.lane, command.id, "no power");
    return;
  }
  core_.entries(now(), command.lane, command.id, metas, seq - 1);
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

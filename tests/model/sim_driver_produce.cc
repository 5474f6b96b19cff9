#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/sim_driver.h"

namespace outbox::model {

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
    const bool may = safe_.contains(each.lane) || commanded_.erase(each.handle) > 0;
    shared_.verdicts.expect(!shared_.options.only_safe_topics || may,
                            "handed out although its topic is not safe");
    Slot& slot = slots_[index_of(each.channel)];
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
    shared_.happened.count(Event::kReadFailed);
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

}  // namespace outbox::model

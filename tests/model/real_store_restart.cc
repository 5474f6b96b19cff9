// What the store shows after its process ended.

#include <map>
#include <string>
#include <vector>

#include "model/real_store.h"

namespace outbox::model {
namespace {

constexpr std::size_t kDeadMax = 10'000;

}  // namespace

bool RealStore::reopen() {
  const bool keeps_power = poisoned_ && random_.one_in(2);
  if (poisoned_) happened_.count(Event::kWriteFailed);
  happened_.count(keeps_power ? Event::kReopened : Event::kPowerCut);
  if (!keeps_power) fs_->cut_power();
  env_->run_jobs();  // in vain
  store_.reset();
  if (keeps_power) {
    fs_->restart_process();
  } else {
    fs_->restore_power(random_.next());
  }
  fault_armed_ = poisoned_ = false;
  return open();
}

void RealStore::restart() {
  if (!reopen()) return;
  env_->run_jobs();
  learn_ids();
  for (const store::LaneInfo& info : store_->lanes()) {
    for (const auto& [id, real] : real_ids_) {
      if (real == info.id) adopt(id, mirror_.lane(id), info);
    }
  }
  doubtful_.clear();
}

/// What was OK is there; what was in doubt is there wholly or not at all.
void RealStore::adopt(LaneId id, SimLane& lane, const store::LaneInfo& found) {
  const std::string name = topic_of(id);
  trace_.step(clock_.mono_ms(), "found lane tail head settled-above changes",
              {id, found.tail, found.progress.head, found.progress.settled_above_head,
               fs_->count(test::kFsChange)});
  if (found.tail != lane.tail()) {
    const std::vector<SimEntry>& doubtful = doubtful_[id];
    verdicts_.expect(found.tail == lane.tail() + doubtful.size(),
                     name + ": tail " + std::to_string(found.tail) + " after a power cut, not " +
                         std::to_string(lane.tail()));
    lane.add(doubtful);
  }
  verdicts_.expect(found.progress.head >= lane.durable.head, name + ": synced progress is lost");
  verdicts_.expect(found.progress.head > settled_through_[id],
                   name + ": what was said to be settled is not");
  verdicts_.expect(found.partition_history.size() >= lane.history().size(),
                   name + ": a recorded partition count is lost");
  lane.set_history(found.partition_history);
  adopt_letters(name, lane);
  const std::uint64_t settled = found.progress.head - 1 + found.progress.settled_above_head;
  mirror_.adopt(id, found.progress, settled - lane.dead.size() - lane.purged.size());
}

void RealStore::adopt_letters(const std::string& name, SimLane& lane) {
  const auto letters = store_->dead_letters(name, 0, kDeadMax);
  verdicts_.expect(letters.ok() && letters->size() >= lane.dead.size(), name + ": dead letters");
  if (!letters.ok()) return;
  std::map<Seq, Seq> requeued;
  for (const DeadLetter& letter : *letters) {
    lane.dead[letter.entry.seq] = letter.reason;
    if (letter.requeued_as != 0) requeued[letter.entry.seq] = letter.requeued_as;
    verdicts_.expect(letter.requeued_as <= lane.tail(), name + ": requeued as nothing");
  }
  for (const auto& [seq, as] : lane.requeued) {
    verdicts_.expect(requeued[seq] == as, name + ": a requeue is forgotten");
  }
  lane.requeued = requeued;
}

void RealStore::check_ledger() {
  if (!sync()) return;
  const auto stats = store_->stats();
  if (!judge(stats.status(), "stats")) return;
  verdicts_.expect(stats->ledger.balanced(), "the store's ledger does not balance");
  verdicts_.expect(stats->ledger.pending == 0, "the store says that something is pending");
  for (const LaneStats& each : stats->lanes) {
    for (const auto& [id, lane] : mirror_.lanes()) {
      if (each.topic != topic_of(id)) continue;
      verdicts_.expect(each.ledger.appended == lane.tail() &&
                           each.ledger.delivered == lane.delivered &&
                           each.ledger.dead == lane.dead.size() - lane.requeued.size() &&
                           each.ledger.requeued == lane.requeued.size(),
                       each.topic + ": the store's ledger differs");
    }
  }
}

}  // namespace outbox::model

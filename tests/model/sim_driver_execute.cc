#include <algorithm>
#include <string>
#include <utility>

#include "model/sim_driver.h"
#include "relay/limits.h"

namespace outbox::model {

namespace {

constexpr std::int64_t kSocketTimeoutMs = 3'000;
constexpr std::int64_t kSlowFsyncMaxMs = 20'000;

}  // namespace

void SimDriver::record_soon() {
  const std::size_t share = shared_.options.in_flight_entries_max / relay::kUnrecordedShare;
  if (recording_ || shared_.store.unrecorded() < std::max<std::size_t>(share, 1)) return;
  recording_ = true;
  later(shared_.rng.between(0, 20), [this] {
    recording_ = false;
    fsync_takes_its_time();
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
  execute_on_store(commands);
  for (const relay::Handle handle : commands.release) {
    s.verdicts.expect(handles_.contains(handle), "a payload was released twice");
    if (s.mutant == Mutant::kLoseRelease && s.rng.one_in(50)) continue;
    handles_.erase(handle);
  }
  for (const relay::Read& each : commands.reads) read(each);
  execute_on_producers(commands);
  if (!commands.refresh_topics.empty()) {
    later(s.rng.between(50, 500), [this] { look_at_cluster(); });
  }
}

bool SimDriver::store_says_no() {
  if (!shared_.rng.percent(shared_.faults.store_no_percent)) return false;
  shared_.happened.count(Event::kStoreNo);
  return true;
}

/// The relay's thread waits for it; the world does not.
void SimDriver::fsync_takes_its_time() {
  if (shared_.rng.below(1'000) >= shared_.faults.slow_fsync_per_mille) return;
  shared_.happened.count(Event::kSlowFsync);
  shared_.scheduler.pass(shared_.rng.between(10, kSlowFsyncMaxMs));
}

void SimDriver::execute_on_store(const relay::Commands& commands) {
  Shared& s = shared_;
  if (!commands.bury.empty() || !commands.purged.empty() || !commands.record_counts.empty()) {
    fsync_takes_its_time();
  }
  for (const relay::Advance& each : commands.advance) {
    if (s.mutant == Mutant::kIgnoreProgress) continue;
    s.store.advance(each.lane, *each.progress, each.delivered);
  }
  record_soon();
  for (const relay::Bury& each : commands.bury) {
    const bool ok = !store_says_no() &&
                    s.store.bury(each.lane, each.seq, each.partition, each.reason, each.progress);
    answers_.push_back(
        [this, lane = each.lane, seq = each.seq, ok] { core_.buried(now(), lane, seq, ok); });
  }
  for (const relay::Purged& each : commands.purged) {
    const bool ok = !store_says_no();
    if (ok) s.store.record_purge(each.lane, each.from, each.through, each.count, each.progress);
    answers_.push_back([this, lane = each.lane, ok] { core_.purge_recorded(now(), lane, ok); });
  }
  for (const relay::RecordPartitionCount& each : commands.record_counts) {
    const bool ok = !store_says_no() && s.store.record_count(each.lane, each.count);
    answers_.push_back(
        [this, lane = each.lane, ok] { core_.partition_count_recorded(now(), lane, ok); });
  }
}

void SimDriver::execute_on_producers(const relay::Commands& commands) {
  Shared& s = shared_;
  for (const relay::CloseProducer& each : commands.close) {
    Slot& slot = slots_[index_of(each.channel)];
    s.verdicts.expect(slot.opening == 0, "closed while it is being opened");
    s.verdicts.expect(each.channel == relay::Channel::kProbe || slot.producer == nullptr ||
                          slot.producer->unreported() == 0,
                      "a main closed with messages under way");
    if (each.channel != relay::Channel::kProbe) s.happened.count(Event::kMainClosed);
    slot.producer.reset();
  }
  for (const relay::OpenProducer& each : commands.open) {
    Slot& slot = slots_[index_of(each.channel)];
    const bool hurried = slot.opening == each.generation && !each.drain;
    s.verdicts.expect(slot.opening == 0 || hurried, "opened twice");
    slot.opening = each.generation;
    slot.max_in_flight = each.max_in_flight_requests;
    slot.drain = each.drain;
    slot.give_up_ms = now() + kSocketTimeoutMs;
    later(kSocketTimeoutMs + 1, [this] { poke(); });
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

}  // namespace outbox::model

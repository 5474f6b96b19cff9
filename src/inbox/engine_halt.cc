#include <rocksdb/write_batch.h>

#include <utility>

#include "inbox/engine.h"

namespace outbox::inbox {
namespace {

using kafka::TopicPartition;

constexpr std::chrono::milliseconds kRestartWait{1'000};

}  // namespace

void Engine::take(const kafka::NotThere& not_there) {
  const auto found = slots_.find(not_there.where);
  if (found == slots_.end() || !found->second.partition || !found->second.halted.empty()) return;
  found->second.ends_wanted = true;
}

void Engine::look_for_ends(const TopicPartition& where, Slot& slot) {
  const auto ends = consumer_->ends(where, kAskTimeout);
  if (!ends.ok()) return;  // again soon
  slot.ends_wanted = false;
  const std::int64_t next = slot.partition->next();
  const auto lost = out_of_range(next, ends->low, ends->high);
  if (!lost) {
    const Status status = consumer_->seek({where, next, {}});
    if (!status.ok()) log_->warn("inbox: {}", status.message());
    return;
  }
  slot.partition->close();
  slot.lost_range = true;
  halt(where, slot, describe(*lost));
}

void Engine::halt(const TopicPartition& where, Slot& slot, const std::string& reason) {
  slot.partition->close();
  {
    const std::lock_guard lock(mutex_);
    slot.halted = reason;
  }
  log_->error("inbox: {} halts: {}", to_text(where), reason);
  tell({InboxEvent::Kind::kHalted, where.topic, where.partition, slot.partition->position(), 0,
        reason});
}

void Engine::take_orders() {
  std::vector<Halt> halts;
  Partitions resumes;
  {
    const std::lock_guard lock(mutex_);
    halts.swap(halts_);
    resumes.swap(resumes_);
  }
  for (const Halt& order : halts) {
    const auto found = slots_.find(order.where);
    if (found == slots_.end() || found->second.partition != order.partition) continue;
    if (found->second.halted.empty()) halt(order.where, found->second, order.reason);
  }
  for (const TopicPartition& where : resumes) {
    const auto found = slots_.find(where);
    if (found != slots_.end() && !found->second.halted.empty()) restart(where, found->second);
  }
  if (!halts.empty() || !resumes.empty()) pause_where_needed();
}

/// Begins anew at the position, or behind the lost range, with what is known.
void Engine::restart(const TopicPartition& where, Slot& slot) {
  Start start{0, 0, true};
  if (slot.lost_range) {
    const auto ends = consumer_->ends(where, kAskTimeout);
    if (!ends.ok()) {
      log_->warn("inbox: {}; {} halts still", ends.status().message(), to_text(where));
      return;
    }
    start.position = ends->low;
  }
  (void)slot.partition->ended_by(std::chrono::steady_clock::now() + kRestartWait);
  StoredPartition known = slot.partition->snapshot();
  if (!slot.lost_range) start.position = known.position->offset;
  start.read_from = start.position;
  if (start.position < known.position->offset) {
    if (Status status = forget_done(where, known); !status.ok()) return fail(status);
  }
  retire(*slot.partition);
  auto partition =
      std::make_shared<Partition>(where, start, std::move(known), dedup_limits(), store_.get());
  {
    const std::lock_guard lock(mutex_);
    slot = Slot();
    slot.partition = std::move(partition);
    slot.paused = true;  // as halted ones are
  }
  const Status status = consumer_->seek({where, start.read_from, {}});
  if (!status.ok()) log_->warn("inbox: {}", status.message());
}

/// The topic was made anew: what was done of the old one says nothing of these offsets.
Status Engine::forget_done(const TopicPartition& where, StoredPartition& known) {
  const std::vector<std::int64_t> done = std::exchange(known.done, {});
  if (!store_ || done.empty()) return {};
  rocksdb::WriteBatch batch;
  for (const std::int64_t offset : done) store_->drop_done(batch, where, offset);
  return store_->write(batch);
}

/// What it counted stays counted.
void Engine::retire(const Partition& partition) {
  const DedupCounts counts = partition.counts();
  tally_.gaps_merged += counts.gaps_merged;
  tally_.sessions_forgotten += counts.sessions_forgotten;
}

Status Engine::resume(const TopicPartition& where) {
  const std::lock_guard lock(mutex_);
  const auto found = slots_.find(where);
  if (found == slots_.end() || found->second.halted.empty()) {
    return {Code::kNotFound, to_text(where) + " does not halt here"};
  }
  resumes_.push_back(where);
  return {};
}

}  // namespace outbox::inbox

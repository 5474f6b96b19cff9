#include <utility>

#include "inbox/engine.h"

namespace outbox::inbox {

using kafka::PartitionOffset;
using kafka::TopicPartition;

Engine::Partitions Engine::all() const {
  Partitions out;
  for (const auto& [where, slot] : slots_) out.push_back(where);
  return out;
}

/// Positions that went on without a message's write.
Status Engine::flush_all(const Partitions& partitions) {
  for (const TopicPartition& where : partitions) {
    const auto found = slots_.find(where);
    if (found == slots_.end() || !found->second.partition) continue;
    if (Status status = found->second.partition->flush(); !status.ok()) return status;
  }
  return {};
}

std::vector<PartitionOffset> Engine::to_commit(const Partitions& partitions) const {
  std::vector<PartitionOffset> out;
  for (const TopicPartition& where : partitions) {
    const auto found = slots_.find(where);
    if (found == slots_.end() || !found->second.partition) continue;
    const auto offset = found->second.partition->to_commit();
    if (offset) out.push_back({where, *offset, metadata_});
  }
  return out;
}

// The local store is synced first, so that Kafka is never ahead of the disk.
void Engine::commit_if_due() {
  if (!every(committed_ms_, options_.commit_interval_ms.count())) return;
  Status status = flush_all(all());
  const std::vector<PartitionOffset> offsets = to_commit(all());
  if (status.ok() && store_ && !offsets.empty()) status = store_->sync();
  if (!status.ok()) return fail(status);
  if (!offsets.empty()) consumer_->commit_async(offsets);
}

Status Engine::commit_now(const Partitions& partitions) {
  Status status = flush_all(partitions);
  const std::vector<PartitionOffset> offsets = to_commit(partitions);
  if (status.ok() && store_ && !offsets.empty()) status = store_->sync();
  if (!status.ok()) {
    fail(status);
    return status;
  }
  status = consumer_->commit(offsets);
  if (!status.ok()) {
    log_->warn("inbox: {}", status.message());
    return status;
  }
  if (!offsets.empty()) ++tally_.commits;
  for (const PartitionOffset& at : offsets) {
    Partition& partition = *slots_.at(at.where).partition;
    partition.committed(at.offset);
    if (Status noted = partition.note_committed(); !noted.ok()) fail(noted);
  }
  return status;
}

/// Nothing begins any more, and what had begun has ended. False: some had not by the deadline.
bool Engine::end(const Partitions& partitions, std::chrono::steady_clock::time_point deadline) {
  std::vector<std::shared_ptr<Partition>> ending;
  for (const TopicPartition& where : partitions) {
    const auto found = slots_.find(where);
    if (found != slots_.end() && found->second.partition) ending.push_back(found->second.partition);
  }
  for (const auto& partition : ending) partition->close();
  bool in_time = true;
  for (const auto& partition : ending) in_time = partition->ended_by(deadline) && in_time;
  return in_time;
}

void Engine::take(const kafka::Revoked& revoked) {
  ++tally_.rebalances;
  release(revoked.partitions, revoked.lost);
  const Status status = consumer_->unassign(revoked.partitions);
  if (!status.ok()) log_->warn("inbox: {}", status.message());
}

void Engine::release(const Partitions& partitions, bool lost) {
  const auto deadline = std::chrono::steady_clock::now() + options_.revoke_deadline_ms;
  if (!end(partitions, deadline)) {
    log_->warn(
        "inbox: partitions were taken away while handlers worked on them; what those did "
        "is not kept");
  }
  // Of a lost partition another member may have committed more already.
  if (lost) {
    if (Status status = flush_all(partitions); !status.ok()) fail(status);
  } else {
    (void)commit_now(partitions);
  }
  tell_uncommitted(partitions);
  forget(partitions);
}

void Engine::forget(const Partitions& partitions) {
  last_slot_ = nullptr;
  Partitions paused;
  {
    const std::lock_guard lock(mutex_);
    for (const TopicPartition& where : partitions) {
      const auto found = slots_.find(where);
      if (found == slots_.end()) continue;
      if (found->second.paused) paused.push_back(where);
      if (found->second.partition) retire(*found->second.partition);
      slots_.erase(found);
    }
  }
  // librdkafka would remember it until the partition comes back, when nobody here does any more
  // (rd_kafka_toppar_fetch_stop() keeps what the application paused).
  const Status status = paused.empty() ? Status() : consumer_->resume(paused);
  if (!status.ok()) log_->warn("inbox: {}", status.message());
}

/// With a store this is counted when the partition comes back, from what is stored.
void Engine::tell_uncommitted(const Partitions& partitions) {
  if (store_) return;
  for (const TopicPartition& where : partitions) {
    const auto found = slots_.find(where);
    if (found == slots_.end() || !found->second.partition) continue;
    const std::uint64_t repeats = found->second.partition->uncommitted();
    if (repeats == 0) continue;
    tally_.possible_repeats += repeats;
    tell({InboxEvent::Kind::kRepeats, where.topic, where.partition,
          found->second.partition->position(), repeats, "done, and not committed"});
  }
}

void Engine::finish() {
  std::chrono::steady_clock::time_point deadline;
  {
    const std::lock_guard lock(mutex_);
    deadline = failed_ ? std::chrono::steady_clock::now() : stop_by_;
  }
  const bool in_time = end(all(), deadline);
  Status status = health();
  if (status.ok()) status = commit_now(all());
  tell_uncommitted(all());
  if (status.ok() && !in_time) {
    status = {Code::kTimeout, "a handler was still at work; what it does comes again"};
  }
  const std::lock_guard lock(mutex_);
  ending_ = status;
}

InboxStats Engine::stats() const {
  InboxStats out;
  out.received = tally_.received;
  out.processed = tally_.processed;
  out.duplicates = tally_.duplicates;
  out.late = tally_.late;
  out.gaps_opened = tally_.gaps_opened;
  out.skipped_done = tally_.skipped_done;
  out.retried = tally_.retried;
  out.dead_lettered = tally_.dead_lettered;
  out.possible_repeats = tally_.possible_repeats;
  out.commits = tally_.commits;
  out.rebalances = tally_.rebalances;
  out.queued = workers_ ? workers_->messages() : 0;
  out.queued_bytes = workers_ ? workers_->bytes() : 0;
  const std::lock_guard lock(mutex_);
  DedupCounts now;
  for (const auto& [where, slot] : slots_) {
    if (!slot.partition) continue;
    const DedupCounts counts = slot.partition->counts();
    now.gaps_merged += counts.gaps_merged;
    now.sessions_forgotten += counts.sessions_forgotten;
    out.positions[to_text(where)] = slot.partition->position();
    if (!slot.halted.empty()) out.halted[to_text(where)] = slot.halted;
  }
  out.gaps_merged = tally_.gaps_merged + now.gaps_merged;
  out.sessions_forgotten = tally_.sessions_forgotten + now.sessions_forgotten;
  return out;
}

}  // namespace outbox::inbox

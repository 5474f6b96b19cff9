#include "inbox/partition.h"

#include <rocksdb/write_batch.h>

#include <algorithm>

#include "base/check.h"
#include "base/mutant.h"

namespace outbox::inbox {

Partition::Partition(kafka::TopicPartition where, const Start& start, StoredPartition known,
                     DedupLimits limits, Store* store)
    : where_(std::move(where)),
      start_(start),
      store_(store),
      watermark_(start.position),
      ahead_(limits),
      settled_(limits),
      next_(start.read_from),
      known_(std::move(known)) {
  // Elsewhere nothing is committed before something is stored: the commit names this store.
  committed_ = start.position;
  if (!start.keep_dedup) return;
  if (known_.position) committed_ = std::min(known_.position->committed, start.position);
  for (const auto& [key, state] : known_.sessions) {
    ahead_.restore(key, state);
    settled_.restore(key, state);
  }
}

Admission Partition::admit(const Received& received, std::int64_t now_ms) {
  const std::optional<MessageId> id = message_id_of(received.message.headers);
  const std::lock_guard lock(mutex_);
  if (state_ != State::kOpen || received.offset < next_) return {};
  next_ = received.offset + 1;
  Judgement judgement;
  if (id) judgement = ahead_.judge(*id, now_ms);
  if (received.offset < start_.position) {
    if (id) settled_.judge(*id, now_ms);
    return {Fate::kRead, false, std::nullopt};
  }
  const bool duplicate = judgement.verdict == Verdict::kDuplicate;
  const bool done = done_before(received.offset);
  watermark_.deliver({received.offset, id, now_ms, duplicate || done, done});
  const Fate fate = duplicate ? Fate::kDuplicate : done ? Fate::kDone : Fate::kWork;
  return {fate, judgement.verdict == Verdict::kLate, judgement.opened};
}

// Offsets are asked in ascending order.
bool Partition::done_before(std::int64_t offset) {
  const auto& done = known_.done;
  while (next_done_ < done.size() && done[next_done_] < offset) ++next_done_;
  return next_done_ < done.size() && done[next_done_] == offset;
}

std::int64_t Partition::next() const {
  const std::lock_guard lock(mutex_);
  return next_;
}

std::size_t Partition::span() const {
  const std::lock_guard lock(mutex_);
  return watermark_.held();
}

bool Partition::begin() {
  const std::lock_guard lock(mutex_);
  if (state_ != State::kOpen) return false;
  ++working_;
  return true;
}

void Partition::give_up() {
  const std::lock_guard lock(mutex_);
  --working_;
  changed_.notify_all();
}

bool Partition::wait_for(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [&] { return state_ != State::kOpen; });
}

Status Partition::finish(std::int64_t offset, rocksdb::WriteBatch& batch) {
  std::unique_lock lock(mutex_);
  OUTBOX_CHECK(working_ > 0);
  Status status(Code::kClosed, to_text(where_) + " has ended");
  if (state_ != State::kEnded) {
    const std::size_t count = front_ ? 0 : watermark_.passing(offset);
    status = count > 0 ? write_front(lock, count, batch) : write_mark(lock, offset, batch);
  }
  --working_;
  if (state_ != State::kOpen) changed_.notify_all();
  return status;
}

Status Partition::write(std::unique_lock<std::mutex>& lock, rocksdb::WriteBatch& batch) {
  if (store_ == nullptr) return {};
  ++writing_;
  lock.unlock();
  Status status = store_->write(batch);
  lock.lock();
  --writing_;
  return status;
}

Status Partition::write_front(std::unique_lock<std::mutex>& lock, std::size_t count,
                              rocksdb::WriteBatch& batch) {
  front_ = true;
  settle(count);
  rocksdb::WriteBatch second;
  if (store_ != nullptr) {
    const std::int64_t position = mutant(Mutant::kCommitBeforeProcessing)
                                      ? watermark_.next()
                                      : watermark_.position_after(count);
    store_->put_position(batch, where_, {position, committed_});
    for (std::size_t i = 0; i < count; ++i) {
      if (watermark_.at(i).marked) store_->drop_done(batch, where_, watermark_.at(i).offset);
    }
    rocksdb::WriteBatch& dedup = mutant(Mutant::kDedupSecondWrite) ? second : batch;
    stored_anew_ ? put_changes(dedup) : put_all(dedup);
  }
  Status status = write(lock, batch);
  if (status.ok() && second.Count() > 0) status = write(lock, second);
  front_ = false;
  if (status.ok()) watermark_.pass(count);
  if (state_ != State::kOpen) changed_.notify_all();
  return status;
}

Status Partition::write_mark(std::unique_lock<std::mutex>& lock, std::int64_t offset,
                             rocksdb::WriteBatch& batch) {
  if (store_ != nullptr && !mutant(Mutant::kDoneMarkLeftOut)) {
    store_->put_done(batch, where_, offset);
  }
  Status status = write(lock, batch);
  Pending* const own = watermark_.find(offset);
  if (!status.ok() || own == nullptr) return status;
  own->applied = true;
  own->marked = true;
  return status;
}

void Partition::settle(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const Pending& message = watermark_.at(i);
    if (message.id) settled_.judge(*message.id, message.arrived_ms, &changes_);
  }
}

void Partition::put_changes(rocksdb::WriteBatch& batch) {
  for (const SessionKey& key : changes_.forgotten) store_->forget_session(batch, where_, key);
  const SessionKey* last = nullptr;
  for (const SessionKey& key : changes_.changed) {
    const auto found = settled_.sessions().find(key);
    // Mostly one session, over and over.
    const bool again = last != nullptr && *last == key;
    if (!again && found != settled_.sessions().end()) {
      store_->put_session(batch, where_, key, found->second);
    }
    last = &key;
  }
  changes_ = {};
}

/// The first write of an assignment: what was stored may belong to another position.
void Partition::put_all(rocksdb::WriteBatch& batch) {
  for (const auto& [key, state] : known_.sessions) {
    if (!settled_.sessions().contains(key)) store_->forget_session(batch, where_, key);
  }
  for (const auto& [key, state] : settled_.sessions()) {
    store_->put_session(batch, where_, key, state);
  }
  for (const std::int64_t offset : known_.done) {
    if (offset < start_.position) store_->drop_done(batch, where_, offset);
  }
  changes_ = {};
  known_.sessions.clear();
  stored_anew_ = true;
}

Status Partition::flush() {
  std::unique_lock lock(mutex_);
  const std::size_t count = front_ ? 0 : watermark_.passing(-1);
  if (count == 0) return {};
  rocksdb::WriteBatch batch;
  return write_front(lock, count, batch);
}

std::optional<std::int64_t> Partition::to_commit() const {
  const std::lock_guard lock(mutex_);
  const std::int64_t position =
      mutant(Mutant::kCommitBeforeProcessing) ? watermark_.next() : watermark_.position();
  if (position <= committed_) return std::nullopt;
  return position;
}

void Partition::committed(std::int64_t offset) {
  const std::lock_guard lock(mutex_);
  committed_ = std::max(committed_, std::min(offset, watermark_.position()));
}

std::uint64_t Partition::uncommitted() const {
  const std::lock_guard lock(mutex_);
  auto count = static_cast<std::uint64_t>(watermark_.position() - committed_);
  for (std::size_t i = 0; i < watermark_.held(); ++i) {
    if (watermark_.at(i).marked) ++count;
  }
  return count;
}

Status Partition::note_committed() {
  std::unique_lock lock(mutex_);
  if (store_ == nullptr || !stored_anew_) return {};
  rocksdb::WriteBatch batch;
  store_->put_position(batch, where_, {watermark_.position(), committed_});
  return write(lock, batch);
}

void Partition::close() {
  const std::lock_guard lock(mutex_);
  if (state_ == State::kOpen) state_ = State::kClosing;
  changed_.notify_all();
}

bool Partition::ended_by(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  OUTBOX_CHECK(state_ != State::kOpen);
  const bool idle = changed_.wait_until(lock, deadline, [&] { return working_ == 0; });
  state_ = State::kEnded;
  // A write that has begun is short, and what it carries counts.
  changed_.wait(lock, [&] { return writing_ == 0; });
  return idle;
}

StoredPartition Partition::snapshot() const {
  const std::lock_guard lock(mutex_);
  StoredPartition out;
  out.position = StoredPosition{watermark_.position(), committed_};
  out.sessions.assign(settled_.sessions().begin(), settled_.sessions().end());
  for (std::size_t i = 0; i < watermark_.held(); ++i) {
    if (watermark_.at(i).marked) out.done.push_back(watermark_.at(i).offset);
  }
  // Marks beyond what was read of this assignment.
  for (std::size_t i = next_done_; i < known_.done.size(); ++i) {
    if (known_.done[i] >= next_) out.done.push_back(known_.done[i]);
  }
  return out;
}

DedupCounts Partition::counts() const {
  const std::lock_guard lock(mutex_);
  return ahead_.counts();
}

std::int64_t Partition::position() const {
  const std::lock_guard lock(mutex_);
  return watermark_.position();
}

}  // namespace outbox::inbox

#include "inbox/handling.h"

#include <rocksdb/write_batch.h>

#include <exception>

#include "base/backoff.h"

namespace outbox::inbox {

void Handling::run(const Job& job) {
  Partition& partition = *job.partition;
  if (!partition.begin()) return;
  Random random(static_cast<std::uint64_t>(job.received.offset));
  Backoff backoff;
  int faults = 0;
  while (true) {
    rocksdb::WriteBatch batch;
    const Status done = call(job.received, batch);
    if (done.ok()) {
      if (finish(job, batch)) ++tally_.processed;
      return;
    }
    const bool its_fault = done.code() != Code::kClosed;
    if (its_fault && ++faults >= options_.attempts_max) return give_up(job, done.to_string());
    ++tally_.retried;
    const std::chrono::milliseconds pause(backoff.next_ms(
        options_.retry_backoff_min_ms.count(), options_.retry_backoff_max_ms.count(), random));
    if (!partition.wait_for(pause)) return partition.give_up();
  }
}

Status Handling::call(const Received& received, rocksdb::WriteBatch& batch) {
  try {
    return handler_(received, batch, state_);
  } catch (const std::exception& error) {
    return {Code::kInvalidArgument, std::string("the handler threw: ") + error.what()};
  } catch (...) {
    return {Code::kInvalidArgument, "the handler threw"};
  }
}

bool Handling::finish(const Job& job, rocksdb::WriteBatch& batch) {
  const Status written = job.partition->finish(job.received.offset, batch);
  // It ended while the handler was at work: whoever has it next does the message again.
  if (written.code() == Code::kClosed) ++tally_.possible_repeats;
  if (!written.ok() && written.code() != Code::kClosed) hooks_.failed(written);
  return written.ok();
}

void Handling::give_up(const Job& job, const std::string& reason) {
  Partition& partition = *job.partition;
  if (options_.on_failure == InboxFailure::kDeadLetter) {
    const auto open = [&] { return partition.wait_for(std::chrono::milliseconds(0)); };
    if (!dead_letters_.send(job.received, reason, open).ok()) return partition.give_up();
    rocksdb::WriteBatch nothing;
    if (!finish(job, nothing)) return;
    ++tally_.dead_lettered;
    hooks_.tell({InboxEvent::Kind::kDeadLetter, partition.where().topic,
                 partition.where().partition, job.received.offset, 1, reason});
    return;
  }
  // Closed here, before the next message of its key could begin.
  partition.close();
  partition.give_up();
  hooks_.halted(job, "offset " + std::to_string(job.received.offset) + ": " + reason);
}

}  // namespace outbox::inbox

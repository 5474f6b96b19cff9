#include "store/store_impl.h"

#include <rocksdb/env.h>

namespace outbox::store {

StoreImpl::StoreImpl(const std::filesystem::path& dir, Options options, rocksdb::Env& env,
                     const Clock& clock, Log log, Opened opened)
    : dir_(dir),
      options_(std::move(options)),
      clock_(clock),
      log_(std::move(log)),
      lock_(std::move(opened.lock)),
      database_(std::move(opened.database)),
      durable_tail_(std::move(opened.durable_tail)),
      heads_(std::move(opened.heads)),
      lanes_(std::move(opened.lanes)),
      outbox_id_(std::move(opened.outbox_id)),
      session_(opened.session),
      capacity_(options_),
      disk_guard_(env, dir_, options_.disk_reserve_bytes, clock_),
      callbacks_(options_),
      progress_(heads_, capacity_),
      idempotency_(*database_, options_, clock_),
      builder_(*database_, idempotency_),
      writer_(
          {*database_, *durable_tail_, callbacks_, progress_, log_, options_.sync_tail_each_group}),
      reclaimer_(*database_, *lanes_, log_),
      committer_({builder_, writer_, progress_, *durable_tail_, clock_,
                  options_.commit_queue_bytes_max,
                  [this](CommitRequest& written) { withdraw(written); }, request_pool_}),
      next_purge_(opened.next_purge) {
  progress_.on_settled([this](std::uint64_t bytes) { reclaimer_.settled(bytes); });
  progress_.on_drained([this] { reclaimer_.drained(); });
}

StoreImpl::~StoreImpl() {
  progress_.end({Code::kClosed, "the outbox is closing"});
  capacity_.close();
  callbacks_.close();
  // Progress is only a saving of work: without it the relay sends again.
  if (health().ok() && progress_.dirty_lanes() > 0) {
    [[maybe_unused]] const Status synced = committer_.sync_progress();
  }
}

Status StoreImpl::restore() {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  for (const Lane* lane : lanes_->all()) {
    const Progress& progress = lane->record.progress;
    entries += lane->tail + 1 - progress.head - progress.settled_above_head;
    bytes += lane->bytes.pending_bytes();
  }
  capacity_.start_with(entries, bytes);
  return idempotency_.restore();
}

}  // namespace outbox::store

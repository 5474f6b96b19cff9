#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "store/commit_request.h"
#include "store/commit_slab.h"
#include "store/database.h"
#include "store/delivery_callbacks.h"
#include "store/durable_tail.h"
#include "store/idempotency.h"
#include "store/progress_book.h"
#include "store/slab_pool.h"
#include "store/store.h"

namespace outbox::store {

/// Writes groups: numbers, one WriteBatch, one synced Write, then tells
/// everybody. commit() is called by one thread at a time (the committer sees
/// to that) and owns all that is said to be "the committer's own".
class GroupWriter {
 public:
  struct Parts {
    Database& database;
    Idempotency& idempotency;
    DurableTail& durable_tail;
    DeliveryCallbacks& callbacks;
    ProgressBook& progress;
    const Clock& clock;
    Log log;
    bool sync_tail_each_group = false;
  };
  explicit GroupWriter(Parts parts) : parts_(std::move(parts)) {}

  /// Gives every request its status (and its items their numbers). Progress
  /// goes with it when `with_progress`; an empty group then writes that alone.
  void commit(std::span<CommitRequest* const> group, bool with_progress);

  /// OK, or why every commit fails until the store is opened again.
  Status health() const;
  /// Waits for running calls of the one that is there. kBusy if there is one already.
  Status set_drainer(Drainer* drainer);
  /// Calls `call` with the drainer, null if there is none; it stays meanwhile.
  template <typename Call>
  auto with_drainer(Call call) const {
    const std::shared_lock lock(drainer_mutex_);
    return call(drainer_);
  }

 private:
  /// What a group adds to one lane.
  struct Touched {
    Lane* lane;
    Seq from;
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
  };

  void add(CommitRequest& request, CommitSlab& slab);
  Status add_items(CommitRequest& request, CommitSlab& slab);
  Status add_item(CommitItem& item, std::string_view head, CommitSlab& slab);
  void undo(CommitRequest& request, CommitSlab& slab, std::size_t mark);
  bool touch(Lane& lane, std::uint64_t bytes);
  Status add_progress(CommitSlab& slab, std::vector<ProgressBook::Written>& written);
  void poison(const Status& why);
  static void fail(std::span<CommitRequest* const> group, const Status& outcome);
  void publish(std::span<CommitRequest* const> group, const std::shared_ptr<CommitSlab>& slab);
  void register_callbacks(CommitRequest& request);
  Status record_tail();

  Parts parts_;
  std::uint64_t group_number_ = 0;
  std::vector<Touched> touched_;
  SlabPool slabs_;

  std::atomic<bool> poisoned_{false};
  mutable std::mutex health_mutex_;
  Status health_;
  mutable std::shared_mutex drainer_mutex_;
  Drainer* drainer_ = nullptr;
};

}  // namespace outbox::store

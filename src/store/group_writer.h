#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <vector>

#include "base/log.h"
#include "store/database.h"
#include "store/delivery_callbacks.h"
#include "store/durable_tail.h"
#include "store/group.h"
#include "store/progress_book.h"
#include "store/store.h"

namespace outbox::store {

/// Writes groups: one WriteBatch, one synced Write, then tells everybody.
/// write() is called by one thread at a time, in the order in which the groups
/// were built (the committer sees to both).
class GroupWriter {
 public:
  struct Parts {
    Database& database;
    DurableTail& durable_tail;
    DeliveryCallbacks& callbacks;
    ProgressBook& progress;
    Log log;
    bool sync_tail_each_group = false;
  };
  explicit GroupWriter(Parts parts) : parts_(std::move(parts)) {}

  /// Gives every request its status. Progress goes with it when `with_progress`; an empty group
  /// then writes that alone. Where memory runs out in it the process ends: who waits for the group
  /// would else wait for ever.
  void write(Group& group, bool with_progress) noexcept;

  /// The durable tail's own fsync failed: what came before it may not be in it.
  void tail_failed(const Status& why);
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
  bool complete(Group& group);
  Status add_progress(Group& group, std::vector<ProgressBook::Written>& written);
  Status sync(Group& group);
  void poison(const Status& why);
  static void fail(std::span<CommitRequest* const> requests, const Status& outcome);
  void publish(const Group& group);
  void register_callbacks(CommitRequest& request);
  Status record_tail(const Group& group);

  Parts parts_;

  std::atomic<bool> poisoned_{false};
  mutable std::mutex health_mutex_;
  Status health_;
  mutable std::shared_mutex drainer_mutex_;
  Drainer* drainer_ = nullptr;
};

}  // namespace outbox::store

#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "store/capacity.h"
#include "store/head_filter.h"
#include "store/lane.h"

namespace outbox::store {

/// Progress between its two states: recorded (in memory) and durable. The
/// durable head is the only bound of what may be removed. Thread-safe.
class ProgressBook {
 public:
  /// A lane's record as it went into a batch.
  struct Written {
    Lane* lane;
    Seq head;
    std::uint64_t settled;  ///< entries
    std::uint64_t settled_bytes;
  };

  ProgressBook(std::shared_ptr<DurableHeads> heads, Capacity& capacity)
      : heads_(std::move(heads)), capacity_(capacity) {}
  /// Called when something becomes dirty that was all clean; must not block for long.
  void on_dirty(std::function<void()> wake) { wake_ = std::move(wake); }
  /// Called with the bytes that became durably settled; must not block.
  void on_settled(std::function<void(std::uint64_t)> told) { told_ = std::move(told); }
  /// Called when progress became durable and nothing is pending; must not block.
  void on_drained(std::function<void()> told) { drained_ = std::move(told); }

  /// `change` is applied to the lane's record under its mutex; what it settles
  /// is given back to the capacity.
  void update(Lane& lane, const std::function<void(LaneRecord&)>& change);
  std::size_t dirty_lanes() const;
  std::vector<Lane*> take_dirty();
  /// The write that held them is synced.
  void durable(const std::vector<Written>& written);

  /// Waits until the lane's durable head is above `seq`. kTimeout, or what end() was given.
  Status wait_for_head(const Lane& lane, Seq seq, std::chrono::milliseconds timeout);
  /// Somebody waits: progress should be made durable at once.
  bool awaited() const { return waiting_ > 0; }
  /// Settled entries whose settlement is in memory only.
  std::uint64_t unrecorded() const {
    const std::uint64_t recorded = recorded_;  // first: the other may only be too new
    return settled_ - recorded;
  }
  /// What is dirty should be made durable at once.
  void record_soon();
  bool asked() const { return asked_; }
  /// No progress becomes durable any more; who waits is told why.
  void end(const Status& why);

 private:
  bool list(Lane& lane);

  const std::shared_ptr<DurableHeads> heads_;
  Capacity& capacity_;
  std::function<void()> wake_;
  std::function<void(std::uint64_t)> told_;
  std::function<void()> drained_;
  mutable std::mutex mutex_;
  std::vector<Lane*> dirty_;
  std::condition_variable moved_;
  std::atomic<int> waiting_{0};
  std::atomic<bool> asked_{false};
  // Entries that were settled and whose settlement is durable, since the store was opened.
  std::atomic<std::uint64_t> settled_{0};
  std::atomic<std::uint64_t> recorded_{0};
  Status ended_;
};

}  // namespace outbox::store

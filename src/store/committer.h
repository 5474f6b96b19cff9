#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "store/commit_request.h"
#include "store/durable_tail.h"
#include "store/group_builder.h"
#include "store/group_queue.h"
#include "store/group_wait.h"
#include "store/group_writer.h"
#include "store/progress_book.h"
#include "store/progress_rides.h"
#include "store/request_pool.h"

namespace outbox::store {

/// Group commit: merges what waits into one write. A caller who finds nobody
/// at work commits by itself, without a hand-off; whoever comes meanwhile adds
/// his request to the group that is filled, and the committer's thread writes
/// these groups until there is none. The same thread makes progress and the durable tail durable,
/// at most a second after they changed (progress of many entries at once); it does not wake up when
/// nothing did.
class Committer {
 public:
  /// How long progress may stay in memory when nothing is appended.
  static constexpr std::int64_t kProgressMaxMs = 1'000;

  struct Parts {
    GroupBuilder& builder;
    GroupWriter& writer;
    ProgressBook& progress;
    DurableTail& tail;
    const Clock& clock;
    std::size_t queue_bytes_max = 0;
    /// A request that nobody waits for was written or not; called before its `done`.
    std::function<void(CommitRequest&)> on_written;
    RequestPool& pool;
  };
  explicit Committer(Parts parts);
  /// Commits what is queued, then stops; the durable tail is synced.
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  /// Blocks until the request has its status.
  void commit(CommitRequest& request);
  /// Blocks only while queue_bytes_max wait (never inside a `done`, which runs
  /// on the committer's thread) or others add their requests. The message itself is not needed any
  /// more when it returns.
  void commit_async(std::unique_ptr<CommitRequest> request);
  /// Called in a `done`?
  bool on_own_thread() const { return std::this_thread::get_id() == thread_.get_id(); }
  /// Makes all recorded progress durable.
  Status sync_progress();
  /// Later requests get kClosed.
  void close();

 private:
  bool admit(std::unique_lock<std::mutex>& lock, CommitRequest& request);
  void lead_alone(std::unique_lock<std::mutex>& lock, CommitRequest& request);
  void run();
  void write_queue(std::unique_lock<std::mutex>& lock);
  void linger(std::unique_lock<std::mutex>& lock, std::size_t callers, std::size_t queued,
              GroupWait::Duration wrote);
  std::unique_ptr<Group> take_group();
  std::size_t answer(const Group& group);
  bool board_progress();
  void note_tail();
  void sync_tail(std::unique_lock<std::mutex>& lock);
  void tick(std::unique_lock<std::mutex>& lock);
  void write_progress(std::unique_lock<std::mutex>& lock);
  bool progress_urgent() const;
  bool something_dirty() const;

  GroupBuilder& builder_;
  GroupQueue queue_;
  GroupWriter& writer_;
  ProgressBook& progress_;
  DurableTail& tail_;
  const Clock& clock_;
  const std::size_t queue_bytes_max_;
  const std::function<void(CommitRequest&)> on_written_;
  RequestPool& pool_;

  std::mutex mutex_;
  std::condition_variable work_;  ///< for the thread
  std::condition_variable room_;  ///< for callers at queue_bytes_max
  bool leading_ = false;
  /// Callers with a large request that wait for room: small ones let them go first, or there would
  /// never be as much.
  std::size_t large_waiting_ = 0;
  bool closed_ = false;
  bool poked_ = false;
  bool tail_dirty_ = false;
  std::int64_t tail_since_ms_ = 0;    ///< when it became dirty
  std::int64_t dirty_since_ms_ = -1;  ///< -1: clean
  std::size_t awaited_ = 0;  ///< the thread sleeps until so many are queued; 0: it does not
  GroupWait wait_;
  ProgressRides rides_;
  std::thread thread_;
};

}  // namespace outbox::store

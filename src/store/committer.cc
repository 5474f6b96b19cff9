#include "store/committer.h"

#include <algorithm>
#include <chrono>

namespace outbox::store {
namespace {

using std::chrono::milliseconds;

/// How often the thread looks again for late comers before it goes to sleep.
/// Together less than a fast fsync; a sleeping thread costs them a wake-up.
constexpr int kLingerYields = 20;

}  // namespace

Committer::Committer(GroupWriter& writer, ProgressBook& progress, DurableTail& tail,
                     const Clock& clock, std::size_t queue_bytes_max)
    : writer_(writer),
      progress_(progress),
      tail_(tail),
      clock_(clock),
      queue_bytes_max_(queue_bytes_max),
      thread_([this] { run(); }) {
  progress_.on_dirty([this] {
    const std::lock_guard lock(mutex_);
    poked_ = true;
    work_.notify_one();
  });
}

Committer::~Committer() {
  close();
  thread_.join();
}

void Committer::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  work_.notify_all();
  room_.notify_all();
}

/// Waits for room. False: closed.
bool Committer::admit(std::unique_lock<std::mutex>& lock, CommitRequest& request) {
  room_.wait(lock, [&] {
    return closed_ || queue_.empty() || queue_bytes_ + request.bytes <= queue_bytes_max_;
  });
  if (closed_) request.status = Status(Code::kClosed, "the outbox is closing");
  return !closed_;
}

void Committer::commit(CommitRequest& request) {
  std::unique_lock lock(mutex_);
  if (!admit(lock, request)) return;
  if (!leading_ && queue_.empty()) return lead_alone(lock, request);
  queue_.push_back(&request);
  queue_bytes_ += request.bytes;
  lock.unlock();
  request.state.wait(CommitRequest::kWaiting);
}

void Committer::lead_alone(std::unique_lock<std::mutex>& lock, CommitRequest& request) {
  leading_ = true;
  const bool ride = ride_now();
  lock.unlock();
  CommitRequest* const group[] = {&request};
  writer_.commit(group, ride);
  lock.lock();
  leading_ = false;
  tail_dirty_ = true;
  if (!queue_.empty() || closed_ || dirty_since_ms_ < 0) work_.notify_one();
  released_.notify_all();
}

void Committer::commit_async(std::unique_ptr<CommitRequest> request) {
  std::unique_lock lock(mutex_);
  if (!admit(lock, *request)) {
    lock.unlock();
    request->done(*request);
    return;
  }
  queue_bytes_ += request->bytes;
  queue_.push_back(request.release());
  if (!leading_ && queue_.size() == 1) work_.notify_one();
}

Status Committer::sync_progress() {
  CommitRequest request;
  {
    std::unique_lock lock(mutex_);
    released_.wait(lock, [this] { return !leading_; });
    leading_ = true;
    rode_at_ms_ = clock_.mono_ms();
  }
  CommitRequest* const group[] = {&request};
  writer_.commit(group, true);
  const std::lock_guard lock(mutex_);
  leading_ = false;
  work_.notify_one();
  released_.notify_all();
  return request.status;
}

/// Shall progress go with the group that is made now?
bool Committer::ride_now() {
  const std::int64_t now_ms = clock_.mono_ms();
  if (now_ms - rode_at_ms_ < kProgressRideMs || !progress_.dirty()) return false;
  rode_at_ms_ = now_ms;
  return true;
}

std::vector<CommitRequest*> Committer::take_group() {
  std::vector<CommitRequest*> group;
  std::size_t bytes = 0;
  while (!queue_.empty() && group.size() < kGroupRequestsMax) {
    CommitRequest* const next = queue_.front();
    if (!group.empty() && bytes + next->bytes > kGroupBytesMax) break;
    bytes += next->bytes;
    group.push_back(next);
    queue_.pop_front();
  }
  queue_bytes_ -= bytes;
  room_.notify_all();
  return group;
}

void Committer::complete(std::vector<CommitRequest*>& group) {
  for (CommitRequest* request : group) {
    if (request->done) {
      const std::unique_ptr<CommitRequest> owned(request);
      owned->done(*owned);
      continue;
    }
    request->state = CommitRequest::kDone;
    request->state.notify_one();
  }
}

/// After a group of several: are there more at once? True: the queue is not empty.
bool Committer::linger(std::unique_lock<std::mutex>& lock) {
  for (int i = 0; i < kLingerYields && queue_.empty() && !closed_; ++i) {
    lock.unlock();
    std::this_thread::yield();
    lock.lock();
  }
  return !queue_.empty();
}

void Committer::write_queue(std::unique_lock<std::mutex>& lock) {
  leading_ = true;
  bool crowd = false;
  do {
    const bool ride = ride_now();
    auto group = take_group();
    lock.unlock();
    writer_.commit(group, ride);
    crowd = group.size() > 1;
    complete(group);
    lock.lock();
    tail_dirty_ = true;
  } while (!queue_.empty() || (crowd && linger(lock)));
  leading_ = false;
  released_.notify_all();
}

bool Committer::something_dirty() const { return tail_dirty_ || progress_.dirty(); }

/// Makes progress and the tail durable when they have waited long enough.
void Committer::tick(std::unique_lock<std::mutex>& lock) {
  dirty_since_ms_ = -1;
  const bool tail = std::exchange(tail_dirty_, false);
  const bool progress = progress_.dirty();
  lock.unlock();
  // A store that failed says so to its callers; here nobody waits for an answer.
  if (progress) [[maybe_unused]]
    const Status synced = sync_progress();
  if (tail) [[maybe_unused]]
    const Status synced = tail_.sync();
  lock.lock();
}

void Committer::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (!queue_.empty() && !leading_) {
      write_queue(lock);
      continue;
    }
    if (closed_ && queue_.empty() && !leading_) return;
    const bool dirty = writer_.health().ok() && something_dirty();
    poked_ = false;
    if (!dirty) {
      dirty_since_ms_ = -1;
      work_.wait(lock, [this] {
        return poked_ || tail_dirty_ || ((closed_ || !queue_.empty()) && !leading_);
      });
      if (!writer_.health().ok()) tail_dirty_ = false;
      continue;
    }
    if (dirty_since_ms_ < 0) dirty_since_ms_ = clock_.mono_ms();
    const std::int64_t left_ms = dirty_since_ms_ + kProgressMaxMs - clock_.mono_ms();
    if (left_ms <= 0 || (progress_.awaited() && progress_.dirty())) {
      tick(lock);
      continue;
    }
    work_.wait_for(lock, milliseconds(left_ms), [this] {
      return (poked_ && progress_.awaited()) || ((closed_ || !queue_.empty()) && !leading_);
    });
  }
}

}  // namespace outbox::store

#include "store/committer.h"

#include <chrono>
#include <utility>

#include "base/thread_name.h"

namespace outbox::store {
namespace {

using std::chrono::milliseconds;

// A request of more than 1/kLargeShare of the queue is a large one.
constexpr std::size_t kLargeShare = 8;

}  // namespace

Committer::Committer(Parts parts)
    : builder_(parts.builder),
      queue_(parts.builder),
      writer_(parts.writer),
      progress_(parts.progress),
      tail_(parts.tail),
      clock_(parts.clock),
      queue_bytes_max_(parts.queue_bytes_max),
      on_written_(std::move(parts.on_written)),
      pool_(parts.pool),
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
  // What the last groups recorded; a store that failed has told its callers.
  if (writer_.health().ok()) [[maybe_unused]]
    const Status synced = tail_.sync();
}

void Committer::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  work_.notify_all();
  room_.notify_all();
}

/// Waits for room. False: closed.
bool Committer::admit(std::unique_lock<std::mutex>& lock, CommitRequest& request) {
  // A callback that appends is on the thread that makes the room.
  const bool own_thread = on_own_thread();
  const bool large = request.waiting_bytes() > queue_bytes_max_ / kLargeShare;
  if (large) ++large_waiting_;
  room_.wait(lock, [&] {
    const bool turn = large || large_waiting_ == 0;
    const bool fits = queue_.waiting_bytes() + request.waiting_bytes() <= queue_bytes_max_;
    return closed_ || own_thread || (turn && (fits || queue_.empty()));
  });
  if (large && --large_waiting_ == 0) room_.notify_all();
  if (closed_) request.status = Status(Code::kClosed, "the outbox is closing");
  return !closed_;
}

void Committer::commit(CommitRequest& request) {
  std::unique_lock lock(mutex_);
  if (!admit(lock, request)) return;
  if (!leading_ && queue_.empty()) return lead_alone(lock, request);
  const std::shared_ptr<Event> answered = queue_.add_awaited(request);
  if (queue_.requests() == awaited_) work_.notify_one();
  lock.unlock();
  answered->wait();
}

void Committer::lead_alone(std::unique_lock<std::mutex>& lock, CommitRequest& request) {
  std::unique_ptr<Group> group = builder_.begin(request);
  builder_.add(request, *group);
  leading_ = true;
  const bool ride = board_progress();
  rides_.appended(request.bytes);
  lock.unlock();
  builder_.complete(*group);
  writer_.write(*group, ride);
  lock.lock();
  builder_.end(std::move(group));
  leading_ = false;
  note_tail();
  if (!queue_.empty() || closed_ || rides_.due() || dirty_since_ms_ < 0) work_.notify_one();
}

void Committer::commit_async(std::unique_ptr<CommitRequest> request) {
  std::unique_lock lock(mutex_);
  if (!admit(lock, *request)) {
    lock.unlock();
    on_written_(*request);
    request->done(request->status);
    return;
  }
  queue_.add(*request);
  [[maybe_unused]] CommitRequest* const given = request.release();  // to its group
  if ((!leading_ && queue_.requests() == 1) || queue_.requests() == awaited_) work_.notify_one();
}

Status Committer::sync_progress() {
  CommitRequest request;
  request.with_progress = true;
  commit(request);
  return request.status;
}

/// Does progress go with the group that is made now?
bool Committer::board_progress() { return rides_.board(progress_.dirty_lanes(), clock_.mono_ms()); }

std::unique_ptr<Group> Committer::take_group() {
  std::unique_ptr<Group> group = queue_.take();
  rides_.appended(group->bytes);
  room_.notify_all();
  return group;
}

/// Answers how many callers waited for it.
std::size_t Committer::answer(const Group& group) {
  std::size_t callers = 0;
  std::vector<std::unique_ptr<CommitRequest>> answered;
  answered.reserve(group.requests.size());
  for (CommitRequest* request : group.requests) {
    if (request->done) {
      answered.emplace_back(request);
      on_written_(*request);
      request->done(request->result());
      continue;
    }
    ++callers;
  }
  // Last: a caller's request is gone as soon as he is told.
  if (group.answered != nullptr) group.answered->set();
  pool_.give_back(answered);
  return callers;
}

/// Lets the callers of the last group come back before the next one is made.
void Committer::linger(std::unique_lock<std::mutex>& lock, std::size_t callers, std::size_t queued,
                       GroupWait::Duration wrote) {
  const GroupWait::Duration patience = wait_.after(callers, queued, wrote);
  if (patience.count() == 0) return;
  awaited_ = queued + callers;
  work_.wait_for(lock, patience, [&] { return closed_ || queue_.requests() >= awaited_; });
  awaited_ = 0;
  wait_.waited(callers, queue_.requests() - queued);
}

void Committer::write_queue(std::unique_lock<std::mutex>& lock) {
  leading_ = true;
  do {
    const bool ride = board_progress();
    std::unique_ptr<Group> group = take_group();
    lock.unlock();
    const auto began = std::chrono::steady_clock::now();
    builder_.complete(*group);
    writer_.write(*group, ride);
    const auto wrote = std::chrono::steady_clock::now() - began;
    lock.lock();
    const std::size_t queued = queue_.requests();
    lock.unlock();
    const std::size_t requests = group->requests.size();
    const std::size_t callers = answer(*group);
    lock.lock();
    builder_.end(std::move(group));
    note_tail();
    // Callers who always find each other at work would never let this end.
    if (clock_.mono_ms() - tail_since_ms_ >= kProgressMaxMs) sync_tail(lock);
    if (requests > 1 || callers + queued > 1) linger(lock, callers, queued, wrote);
  } while (!queue_.empty());
  leading_ = false;
}

/// Somebody waits for progress, or asked for it.
bool Committer::progress_urgent() const { return progress_.awaited() || progress_.asked(); }

bool Committer::something_dirty() const { return tail_dirty_ || progress_.dirty_lanes() > 0; }

/// A group was recorded in the tail.
void Committer::note_tail() {
  if (!std::exchange(tail_dirty_, true)) tail_since_ms_ = clock_.mono_ms();
}

void Committer::sync_tail(std::unique_lock<std::mutex>& lock) {
  if (!std::exchange(tail_dirty_, false)) return;
  lock.unlock();
  const Status synced = tail_.sync();
  if (!synced.ok()) writer_.tail_failed(synced);
  lock.lock();
  if (!synced.ok()) note_tail();  // again in a while
}

/// Makes progress and the tail durable when they have waited long enough.
void Committer::tick(std::unique_lock<std::mutex>& lock) {
  dirty_since_ms_ = -1;
  if (progress_.dirty_lanes() > 0) write_progress(lock);
  sync_tail(lock);
}

/// A caller who leads again and again would never let this thread in: then
/// progress rides with his next group.
void Committer::write_progress(std::unique_lock<std::mutex>& lock) {
  const std::uint64_t rides = rides_.rides();
  rides_.set_due(true);
  work_.wait(lock, [&] { return !leading_ || rides_.rides() != rides; });
  rides_.set_due(false);
  if (rides_.rides() != rides) return;
  leading_ = true;
  rides_.went_alone(clock_.mono_ms());
  std::unique_ptr<Group> group = builder_.begin(CommitRequest());
  lock.unlock();
  writer_.write(*group, true);
  lock.lock();
  builder_.end(std::move(group));
  leading_ = false;
}

void Committer::run() {
  name_thread("outbox-commit");
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
    if (dirty_since_ms_ < 0) dirty_since_ms_ = tail_dirty_ ? tail_since_ms_ : clock_.mono_ms();
    const std::int64_t left_ms = dirty_since_ms_ + kProgressMaxMs - clock_.mono_ms();
    if (left_ms <= 0 || (progress_urgent() && progress_.dirty_lanes() > 0)) {
      tick(lock);
      continue;
    }
    work_.wait_for(lock, milliseconds(left_ms), [this] {
      return (poked_ && progress_urgent()) || ((closed_ || !queue_.empty()) && !leading_);
    });
  }
}

}  // namespace outbox::store

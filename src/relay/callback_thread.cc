#include "relay/callback_thread.h"

#include <iterator>
#include <utility>

#include "base/thread_name.h"

namespace outbox::relay {

CallbackThread::CallbackThread(store::Store& store) : store_(store), thread_([this] { run(); }) {}

CallbackThread::~CallbackThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void CallbackThread::push(std::vector<Ending>& endings) {
  if (endings.empty()) return;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_.size() < kEndingsMax; });
    waiting_.insert(waiting_.end(), std::make_move_iterator(endings.begin()),
                    std::make_move_iterator(endings.end()));
  }
  changed_.notify_all();
  endings.clear();
}

void CallbackThread::run() {
  name_thread("outbox-callback");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    // One at a time: what runs counts towards the bound only while it waits.
    Ending ending = std::move(waiting_.front());
    const bool was_full = waiting_.size() >= kEndingsMax;
    waiting_.pop_front();
    lock.unlock();
    if (was_full) changed_.notify_all();
    settle(ending);
    lock.lock();
  }
}

void CallbackThread::settle(const Ending& ending) {
  if (ending.lane >= topics_.size()) topics_.resize(ending.lane + 1);
  std::string& topic = topics_[ending.lane];
  if (topic.empty()) topic = store_.lane(ending.lane).topic;
  DeliveryOutcome how{topic, ending.seq, Delivered{ending.partition, ending.offset}};
  if (!ending.death.empty()) how.how = Dead{ending.death};
  for (Seq seq = ending.seq; seq <= ending.last && store_.wants_outcome(ending.lane, seq); ++seq) {
    how.seq = seq;
    store_.settle_callback(ending.lane, seq, how);
  }
}

}  // namespace outbox::relay

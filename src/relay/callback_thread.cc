#include "relay/callback_thread.h"

#include <iterator>
#include <utility>

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

void CallbackThread::push(std::vector<Outcome>& outcomes) {
  if (outcomes.empty()) return;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_.size() < kOutcomesMax; });
    waiting_.insert(waiting_.end(), std::make_move_iterator(outcomes.begin()),
                    std::make_move_iterator(outcomes.end()));
  }
  changed_.notify_all();
  outcomes.clear();
}

void CallbackThread::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    // One at a time: what runs counts towards the bound only while it waits.
    Outcome outcome = std::move(waiting_.front());
    const bool was_full = waiting_.size() >= kOutcomesMax;
    waiting_.pop_front();
    lock.unlock();
    if (was_full) changed_.notify_all();
    settle(outcome);
    lock.lock();
  }
}

void CallbackThread::settle(const Outcome& outcome) {
  if (outcome.lane >= topics_.size()) topics_.resize(outcome.lane + 1);
  std::string& topic = topics_[outcome.lane];
  if (topic.empty()) topic = store_.lane(outcome.lane).topic;
  DeliveryOutcome how{topic, outcome.seq, Delivered{outcome.partition, outcome.offset}};
  if (!outcome.death.empty()) how.how = Dead{outcome.death};
  store_.settle_callback(outcome.lane, outcome.seq, std::move(how));
}

}  // namespace outbox::relay

#include "store/group_queue.h"

#include <utility>

namespace outbox::store {

void GroupQueue::add(CommitRequest& request) {
  if (groups_.empty() || !GroupBuilder::fits(request, *groups_.back())) {
    groups_.push_back(builder_.begin_filling(request));
  }
  builder_.add(request, *groups_.back());
  waiting_bytes_ += request.waiting_bytes();
  ++requests_;
}

std::shared_ptr<Event> GroupQueue::add_awaited(CommitRequest& request) {
  add(request);
  std::shared_ptr<Event>& answered = groups_.back()->answered;
  if (answered == nullptr) answered = std::make_shared<Event>();
  return answered;
}

std::unique_ptr<Group> GroupQueue::take() {
  std::unique_ptr<Group> group = std::move(groups_.front());
  groups_.pop_front();
  requests_ -= group->requests.size();
  waiting_bytes_ -= group->waiting_bytes;
  return group;
}

}  // namespace outbox::store

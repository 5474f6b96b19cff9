#pragma once

#include <cstddef>
#include <deque>
#include <memory>

#include "store/commit_request.h"
#include "store/group.h"
#include "store/group_builder.h"

namespace outbox::store {

/// The groups that wait to be written: callers fill the last one, and they are written in turn.
/// Not thread-safe: under the committer's mutex.
class GroupQueue {
 public:
  explicit GroupQueue(GroupBuilder& builder) : builder_(builder) {}

  /// Adds the request to the last group, or to a new one where it does not fit any more.
  void add(CommitRequest& request);
  /// The same for one that somebody waits for: until this event.
  std::shared_ptr<Event> add_awaited(CommitRequest& request);
  /// The one that was begun first. There must be one.
  std::unique_ptr<Group> take();

  bool empty() const { return requests_ == 0; }
  std::size_t requests() const { return requests_; }
  /// CommitRequest::waiting_bytes of all of them.
  std::size_t waiting_bytes() const { return waiting_bytes_; }

 private:
  GroupBuilder& builder_;
  std::deque<std::unique_ptr<Group>> groups_;
  std::size_t requests_ = 0;
  std::size_t waiting_bytes_ = 0;
};

}  // namespace outbox::store

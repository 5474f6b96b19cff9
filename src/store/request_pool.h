#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "store/commit_request.h"

namespace outbox::store {

/// Requests of append_async that were answered, for those to come: else each message has two
/// blocks allocated by one thread and freed by another. Thread-safe.
class RequestPool {
 public:
  /// What it keeps at most; the rest is freed.
  static constexpr std::size_t kKeptBytesMax = std::size_t{4} << 20;

  /// As good as new; what it copies may have room.
  std::unique_ptr<CommitRequest> take() {
    const std::lock_guard lock(mutex_);
    if (kept_.empty()) return std::make_unique<CommitRequest>();
    std::unique_ptr<CommitRequest> request = std::move(kept_.back());
    kept_.pop_back();
    kept_bytes_ -= bytes_of(*request);
    return request;
  }

  void give_back(std::vector<std::unique_ptr<CommitRequest>>& requests) {
    for (const auto& request : requests) request->clear();
    const std::lock_guard lock(mutex_);
    for (auto& request : requests) {
      if (kept_bytes_ + bytes_of(*request) > kKeptBytesMax) break;
      kept_bytes_ += bytes_of(*request);
      kept_.push_back(std::move(request));
    }
  }

 private:
  static std::size_t bytes_of(const CommitRequest& request) {
    return sizeof(CommitRequest) + request.copied.capacity();
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<CommitRequest>> kept_;
  std::size_t kept_bytes_ = 0;
};

}  // namespace outbox::store

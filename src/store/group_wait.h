#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace outbox::store {

/// How long the next group waits for the callers of the last one. They come back as soon as they
/// have their answer, a moment too late for a group that is made at once: then two halves take
/// turns, and each append waits for two fsyncs. A wait of a fraction of an fsync joins them, where
/// the disk is slow. On a fast one the one half comes back while the other is written, which takes
/// no longer than coming back. Where nobody came back, more and more groups go without a wait.
class GroupWait {
 public:
  using Duration = std::chrono::steady_clock::duration;

  /// A group was written in `wrote`; `callers` of it wait for their answers, `queued` requests
  /// came meanwhile. Zero: do not wait.
  Duration after(std::size_t callers, std::size_t queued, Duration wrote) {
    if (wrote < kSlow || callers == 0 || callers + queued < 2) return Duration::zero();
    if (left_out_ < leave_out_) {
      ++left_out_;
      return Duration::zero();
    }
    left_out_ = 0;
    return wrote / kShare;
  }

  /// What became of a wait: of `callers`, so many came in time.
  void waited(std::size_t callers, std::size_t came) {
    leave_out_ = came * 2 >= callers ? 0 : std::min(kLeaveOutMax, leave_out_ * 2 + 1);
  }

 private:
  static constexpr std::chrono::milliseconds kSlow{1};
  /// The wait is at most this part of what the last write took.
  static constexpr int kShare = 8;
  static constexpr std::size_t kLeaveOutMax = 63;

  std::size_t leave_out_ = 0;  ///< groups without a wait between two with one
  std::size_t left_out_ = 0;
};

}  // namespace outbox::store

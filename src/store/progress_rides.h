#pragma once

#include <cstddef>
#include <cstdint>

namespace outbox::store {

/// Which groups take progress along. Not all: it is a record for each lane. Not too few: what is
/// settled and not durably so is still in the memtable, and would be flushed. Not thread-safe:
/// under the committer's mutex.
class ProgressRides {
 public:
  /// At most this often, or after so many bytes ...
  static constexpr std::int64_t kEveryMs = 50;
  static constexpr std::size_t kBytes = std::size_t{1} << 20;
  /// ... and more of them for each lane that has progress.
  static constexpr std::size_t kLaneBytes = std::size_t{16} << 10;

  void appended(std::size_t bytes) { bytes_ += bytes; }

  /// Does progress of so many lanes go with the group that is made now? Then it counts.
  bool board(std::size_t lanes, std::int64_t now_ms) {
    const bool early = now_ms - rode_at_ms_ < kEveryMs && bytes_ < kBytes + lanes * kLaneBytes;
    if (lanes == 0 || (early && !due_)) return false;
    rode_at_ms_ = now_ms;
    bytes_ = 0;
    ++rides_;
    return true;
  }

  /// While it is due the next group takes it along, whoever leads that.
  void set_due(bool due) { due_ = due; }
  bool due() const { return due_; }
  std::uint64_t rides() const { return rides_; }
  /// It was written in a group of its own.
  void went_alone(std::int64_t now_ms) { rode_at_ms_ = now_ms; }

 private:
  bool due_ = false;
  std::uint64_t rides_ = 0;
  std::int64_t rode_at_ms_ = 0;
  std::size_t bytes_ = 0;  ///< appended since
};

}  // namespace outbox::store

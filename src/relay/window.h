#pragma once

#include <algorithm>
#include <cstddef>

#include "base/mutant.h"
#include "store/format.h"

namespace outbox::relay {

/// The budgets over all lanes: what a kill at any moment may have sent again. Entries count
/// from when the core takes them until their delivery is recorded durably; bytes as long as
/// the core holds them.
class Window {
 public:
  Window(std::size_t entries_max, std::size_t bytes_max)
      : entries_max_(std::max<std::size_t>(entries_max, 1)),
        bytes_max_(std::max<std::size_t>(bytes_max, 1)) {}

  std::size_t entries() const { return entries_; }
  std::size_t bytes() const { return bytes_; }
  std::size_t entries_max() const { return entries_max_; }
  std::size_t bytes_max() const { return bytes_max_; }
  std::size_t free_entries() const {
    if (mutant(Mutant::kWindowIgnored)) return entries_max_;
    return entries_max_ - std::min(entries_max_, entries_ + unrecorded_);
  }
  std::size_t free_bytes() const { return bytes_ >= bytes_max_ ? 0 : bytes_max_ - bytes_; }

  bool empty() const { return entries_ == 0 && unrecorded_ == 0; }

  /// One entry always fits into an empty window, whatever its size.
  bool fits(std::size_t bytes) const {
    return free_entries() > 0 && (entries_ == 0 || bytes <= free_bytes());
  }
  /// May the lane take an entry of that size? A large one that found no room
  /// keeps the others out until it fits, or small ones would starve it.
  bool room(store::LaneId lane, std::size_t bytes) const {
    return fits(bytes) && (reserved_for_ == 0 || reserved_for_ == lane);
  }
  void reserve(store::LaneId lane, std::size_t bytes) {
    if (reserved_for_ != 0 || bytes <= bytes_max_ / kLargeShare || !will_fit(bytes)) return;
    reserved_for_ = lane;
    reserved_bytes_ = bytes;
  }
  void unreserve(store::LaneId lane) {
    if (reserved_for_ == lane) reserved_for_ = 0;
  }
  store::LaneId reserved_for() const { return reserved_for_; }

  /// So much is held by partitions that stand still, and make no room for anybody.
  void standing(std::size_t entries, std::size_t bytes) {
    standing_entries_ = entries;
    standing_bytes_ = bytes;
    if (reserved_for_ != 0 && !will_fit(reserved_bytes_)) reserved_for_ = 0;
  }
  /// What the others share.
  std::size_t moving_entries() const {
    return entries_max_ - std::min(entries_max_, standing_entries_);
  }
  std::size_t moving_bytes() const { return bytes_max_ - std::min(bytes_max_, standing_bytes_); }
  /// Once all that moves is gone.
  bool will_fit(std::size_t bytes) const {
    return standing_entries_ == 0 || bytes <= moving_bytes();
  }

  void take(std::size_t bytes) {
    ++entries_;
    bytes_ += bytes;
  }
  void give_back(std::size_t bytes) {
    --entries_;
    bytes_ -= bytes;
  }

  /// Delivered: it is held no more, but counts until it is recorded.
  void delivered(std::size_t bytes) {
    give_back(bytes);
    ++unrecorded_;
    ++untold_;
  }
  /// So many of them were told to the store now.
  void told(std::size_t entries) { untold_ -= entries; }
  /// Of those that the store was told of, so many are not durable yet.
  void unrecorded(std::size_t entries) { unrecorded_ = entries + untold_; }

  /// A partition may hold as much as is left free: however many of them stand
  /// still, there is room for one more.
  bool at_cap(std::size_t held_entries, std::size_t held_bytes) const {
    return held_entries > 0 && (held_entries >= free_entries() || held_bytes >= free_bytes());
  }

 private:
  static constexpr std::size_t kLargeShare = 8;

  const std::size_t entries_max_;
  const std::size_t bytes_max_;
  std::size_t entries_ = 0;
  std::size_t bytes_ = 0;
  std::size_t unrecorded_ = 0;
  std::size_t untold_ = 0;  ///< of unrecorded_
  std::size_t standing_entries_ = 0;
  std::size_t standing_bytes_ = 0;
  store::LaneId reserved_for_ = 0;
  std::size_t reserved_bytes_ = 0;
};

}  // namespace outbox::relay

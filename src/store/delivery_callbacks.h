#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <unordered_map>

#include "outbox/message.h"
#include "store/format.h"

namespace outbox::store {

/// DeliveryCallbacks that wait for their entry's end. Thread-safe.
class DeliveryCallbacks {
 public:
  explicit DeliveryCallbacks(std::size_t callbacks_max) : callbacks_max_(callbacks_max) {}

  /// Takes one of the places; false: all are taken.
  bool reserve();
  /// Gives a place back that was not used.
  void cancel() { --reserved_; }
  /// Uses a reserved place.
  void add(LaneId lane, Seq seq, DeliveryCallback callback);
  bool any() const { return reserved_.load(std::memory_order_relaxed) != 0; }
  /// Removes and calls the entry's callback, if there is one.
  bool settle(LaneId lane, Seq seq, const DeliveryOutcome& outcome);

 private:
  struct Key {
    LaneId lane;
    Seq seq;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      return std::hash<std::uint64_t>()((std::uint64_t{key.lane} << 40) ^ key.seq);
    }
  };

  const std::size_t callbacks_max_;
  std::atomic<std::size_t> reserved_{0};
  std::mutex mutex_;
  std::unordered_map<Key, DeliveryCallback, Hash> waiting_;
};

}  // namespace outbox::store

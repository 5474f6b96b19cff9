#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <unordered_map>

#include "outbox/message.h"
#include "outbox/options.h"
#include "outbox/status.h"
#include "store/format.h"

namespace outbox::store {

/// DeliveryCallbacks that wait for their entry's end. Thread-safe.
class DeliveryCallbacks {
 public:
  explicit DeliveryCallbacks(const Options& options) : options_(options) {}

  /// Takes one of the places; at delivery_callbacks_max it waits for one or
  /// refuses, as `when_full` says. kFull, kClosed.
  Status reserve(WhenFull when_full);
  /// Gives a place back that was not used.
  void cancel();
  /// Uses a reserved place.
  void add(LaneId lane, Seq seq, DeliveryCallback callback);
  bool any() const { return reserved_.load(std::memory_order_relaxed) != 0; }
  /// Removes and calls the entry's callback, if there is one.
  bool settle(LaneId lane, Seq seq, const DeliveryOutcome& outcome);
  /// Removes those of the lane's entries from..through and calls them, oldest
  /// first, each with its own number in `outcome`.
  void settle_range(LaneId lane, Seq from, Seq through, DeliveryOutcome outcome);
  /// Wakes everybody who waits in reserve().
  void close();

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

  bool take_place();

  const Options& options_;
  std::atomic<std::size_t> reserved_{0};
  std::atomic<std::size_t> waiting_for_place_{0};
  std::mutex mutex_;
  std::condition_variable place_;
  bool closed_ = false;
  std::unordered_map<Key, DeliveryCallback, Hash> waiting_;
};

}  // namespace outbox::store

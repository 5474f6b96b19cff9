#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "store/store.h"

namespace outbox::bench {

/// Drains a store as the relay does, without Kafka: whatever is handed over counts as delivered
/// at once. So what is measured is the store alone. Every entry's checksum is
/// verified by the store; a failed read ends the program.
class StoreDrain : public store::Drainer {
 public:
  explicit StoreDrain(store::Store& store);
  /// Settles what it was handed; detaches.
  ~StoreDrain() override;

  /// Reads and settles what is pending, as much of each topic in turn as the relay reads at once;
  /// returns how many entries. Nothing may be appended meanwhile.
  std::uint64_t drain_backlog();
  /// From now on what becomes durable is settled by a thread of its own, soon after. Nothing may
  /// be pending.
  void follow();

  void on_durable(const store::SlabPtr& slab) override;
  Result<PurgeRecord> purge(const std::string& topic, Seq through, const std::string& who) override;
  std::string lane_state(store::LaneId) const override { return "flowing"; }

 private:
  void run();
  void settle(const store::Slab& slab);
  void settle(store::LaneId lane, Seq through);

  store::Store& store_;
  std::unordered_map<store::LaneId, store::Progress> progress_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<store::SlabPtr> slabs_;
  bool following_ = false;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace outbox::bench

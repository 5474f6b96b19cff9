#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "crash/oracle.h"
#include "store/store.h"

namespace outbox::test {

/// Drains a store without Kafka: three partitions that go on at their own pace,
/// some entries that nobody takes. Tells the oracle what it is handed.
class FakeDrainer : public store::Drainer {
 public:
  static constexpr std::int32_t kPartitions = 3;

  FakeDrainer(store::Store& store, Oracle& oracle, std::uint64_t seed);
  /// Detaches.
  ~FakeDrainer() override;

  void start();
  /// Settles everything that is pending now, in the calling thread.
  void drain_all();
  void stop();

  void on_durable(const store::SlabPtr& slab) override;
  Result<PurgeRecord> purge(const std::string& topic, Seq through, const std::string& who) override;
  std::string lane_state(store::LaneId) const override { return "flowing"; }

 private:
  struct Lane {
    std::string topic;
    /// Not settled, by partition.
    std::map<std::int32_t, std::set<Seq>> waiting;
    store::Progress progress;
    Seq tail = 0;
  };

  void load_backlog();
  void take_inbox();
  void take(const store::Slab& slab);
  void run();
  bool step();
  bool settle_next(store::LaneId id, Lane& lane);
  void update(Lane& lane);
  Lane& lane_of(store::LaneId id);

  store::Store& store_;
  Oracle& oracle_;
  std::mt19937_64 random_;
  std::mutex inbox_mutex_;
  std::deque<store::SlabPtr> inbox_;
  std::map<store::LaneId, Lane> lanes_;
  std::atomic<bool> stop_ = false;
  std::jthread thread_;
};

}  // namespace outbox::test

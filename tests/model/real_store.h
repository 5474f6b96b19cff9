#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "model/backend.h"
#include "model/flush_points.h"
#include "model/one_thread_env.h"
#include "model/sim_driver.h"
#include "store/store.h"
#include "support/drop_fs.h"
#include "support/temp_dir.h"

namespace outbox::model {

/// Simulated time for who calls the store. For the store's own threads none passes: what they
/// do by the clock would come at any moment; the World calls sync() instead.
class CallersClock : public Clock {
 public:
  explicit CallersClock(const Scheduler& scheduler) : scheduler_(scheduler) {}
  std::int64_t mono_ms() const override {
    return std::this_thread::get_id() == caller_ ? scheduler_.now_ms() : 0;
  }
  std::int64_t wall_ms() const override { return mono_ms(); }

 private:
  const Scheduler& scheduler_;
  const std::thread::id caller_ = std::this_thread::get_id();
};

inline std::string topic_of(LaneId lane) { return "topic-" + std::to_string(lane); }

/// The real store on a disk that forgets what was not synced. What it says
/// after a power cut is compared with what the simulated store was told.
class RealStore : public Backend {
 public:
  RealStore(Shared& shared, std::uint64_t seed);
  ~RealStore() override;

  /// At the nth change from now on the power goes; or that change, and nothing else, fails.
  void arm(std::uint64_t nth_change);
  /// No power, or a call has failed: the process has to end.
  bool dying() const { return !fs_->powered() || poisoned_; }
  /// Ends the process, with the power if it is not gone yet; after a failed write perhaps without.
  /// Opens the store and makes the simulated one agree with what is found there.
  void restart();
  /// The store's own ledger at the end.
  void check_ledger();

  bool append(LaneId lane, const std::vector<SimEntry>& entries) override;
  bool sync() override;
  void advance(LaneId lane, const Progress& progress, std::uint64_t delivered) override;
  bool bury(LaneId lane, Seq seq, std::int32_t partition, const std::string& reason,
            const Progress& progress) override;
  bool requeue(LaneId lane, Seq seq, const SimEntry& entry) override;
  bool record_count(LaneId lane, PartitionCount count) override;
  bool read(LaneId lane, Seq from, std::size_t count, const SimLane& expected) override;

 private:
  bool open();
  bool reopen();
  void adopt_letters(const std::string& name, SimLane& lane);
  void adopt(LaneId id, SimLane& lane, const store::LaneInfo& found);
  void learn_ids();
  bool judge(const Status& status, const std::string& what);
  bool write(const std::string& what, const std::function<Status()>& call);

  Happened& happened_;
  SimStore& mirror_;
  Verdicts& verdicts_;
  Trace& trace_;
  test::TempDir temp_{test::TempDir::in_memory()};
  const std::filesystem::path dir_;
  std::shared_ptr<test::DropFs> fs_;
  std::unique_ptr<OneThreadEnv> env_;
  const CallersClock clock_;
  Rng random_;
  FlushPoints flush_points_;
  bool fault_armed_ = false;
  bool poisoned_ = false;
  std::unique_ptr<store::Store> store_;
  std::map<LaneId, store::LaneId> real_ids_;
  /// What the store said was settled for good.
  std::map<LaneId, Seq> settled_through_;
  /// An append whose fate is unknown.
  std::map<LaneId, std::vector<SimEntry>> doubtful_;
};

}  // namespace outbox::model

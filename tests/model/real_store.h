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

/// The real store on a disk that forgets what was not synced. What it says
/// after a power cut is compared with what the simulated store was told.
class RealStore : public Backend {
 public:
  explicit RealStore(Shared& shared);
  ~RealStore() override;

  /// The power goes at the nth change from now on, or before.
  void arm(std::uint64_t nth_change, std::uint64_t seed) { fs_->cut_power_at(nth_change, seed); }
  bool powered() const { return fs_->powered(); }
  /// Cuts the power if it is not gone yet, restores it, opens the store and
  /// makes the simulated one agree with what is found there.
  void power_cycle(std::uint64_t seed);
  /// The store's own ledger at the end.
  void check_ledger();

  bool append(LaneId lane, const std::vector<SimEntry>& entries) override;
  bool sync() override;
  void advance(LaneId lane, const Progress& progress, std::uint64_t delivered) override;
  bool bury(LaneId lane, Seq seq, std::int32_t partition, const std::string& reason,
            const Progress& progress) override;
  bool record_count(LaneId lane, PartitionCount count) override;
  bool read(LaneId lane, Seq from, std::size_t count, const SimLane& expected) override;

 private:
  bool open();
  void adopt(LaneId id, SimLane& lane, const store::LaneInfo& found);
  void learn_ids();
  bool judge(const Status& status, const std::string& what);
  bool write(const std::string& what, const std::function<Status()>& call);

  SimStore& mirror_;
  Verdicts& verdicts_;
  Trace& trace_;
  test::TempDir temp_;
  const std::filesystem::path dir_;
  std::shared_ptr<test::DropFs> fs_;
  std::unique_ptr<OneThreadEnv> env_;
  const CallersClock clock_;
  std::unique_ptr<store::Store> store_;
  std::map<LaneId, store::LaneId> real_ids_;
  /// What the store said was settled for good.
  std::map<LaneId, Seq> settled_through_;
  /// An append whose fate is unknown.
  std::map<LaneId, std::vector<SimEntry>> doubtful_;
};

}  // namespace outbox::model

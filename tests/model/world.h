#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/mutant.h"
#include "model/sim_driver.h"
#include "support/campaign.h"

namespace outbox::model {

struct RunResult {
  std::vector<std::string> wrong;
  std::uint64_t trace = 0;
  std::uint64_t appended = 0;
  std::uint64_t delivered = 0;
  std::uint64_t dead = 0;
  std::uint64_t purged = 0;
  std::uint64_t resent = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t kills = 0;
  std::uint64_t rebuilds = 0;
  Happened happened;
};

/// For a campaign. What a run found wrong has many forms: it is told in `wrong`.
inline test::Counts counts_of(const RunResult& result) {
  test::Counts counts;
  counts.entries = result.appended;
  counts.other = result.wrong.size();
  counts.resent = result.duplicates;
  return counts;
}

/// One run: producers append, faults come and go, the relay is killed; then
/// everything is healed and must drain in bounded (simulated) time.
class World {
 public:
  World(std::uint64_t seed, Mutant mutant);
  virtual ~World() = default;
  RunResult run();

 protected:
  /// The process ended; makes ready for the next one.
  virtual void after_death() { s_.store.kill(); }
  /// The process must end now.
  virtual bool dying() const { return false; }
  virtual void at_the_end() {}
  /// The store may be real: less happens then in the same time.
  void slow_down();
  Shared s_;

 private:
  void draw();
  void birth();
  void kill();
  void die();
  void plan_appends();
  void append(LaneId lane);
  /// Something that ends again; what it gives is called at its end.
  using End = std::function<void()>;
  static End nothing() {
    return [] {};
  }
  /// Begins again and again until the heal.
  void repeat(std::int64_t pause_max_ms, std::int64_t length_max_ms, std::function<End()> begin);
  void plan_cluster_faults();
  void plan_leaders();
  void plan_isr();
  void plan_growth();
  void plan_recreation();
  void move_leader(bool away);
  void plan_relay_faults();
  void plan_pauses();
  void plan_purges();
  void plan_requeues();
  void plan_clock_jumps();
  void requeue(LaneId id);
  void cancel_purge(LaneId id);
  /// The relay runs and knows the lane.
  bool relayed(LaneId id);
  void metadata_rounds();
  void operator_rounds();
  void heal();
  void drain();
  void stop();
  SimPartition& any_partition();
  SimTopic& any_topic();
  bool until(std::int64_t limit_ms, const std::function<bool()>& held);

  static constexpr std::size_t kPartitionsMax = 12;

  std::unique_ptr<SimDriver> driver_;
  std::uint64_t lanes_ = 1;
  std::uint64_t entries_max_ = 0;
  std::int64_t chaos_ends_ms_ = 0;
  bool healed_ = false;
  /// Brokers forget producers in this run: they may append twice by themselves.
  bool forgetful_ = false;
  bool recreated_ = false;
  RunResult result_;
};

}  // namespace outbox::model

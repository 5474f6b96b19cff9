#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "model/faults.h"
#include "model/happened.h"
#include "model/mutant.h"
#include "model/sim_producer.h"
#include "model/sim_store.h"
#include "relay/core.h"

namespace outbox::model {

/// What all processes of one run share.
struct Shared {
  Scheduler scheduler;
  Verdicts verdicts;
  Trace trace;
  Rng rng;
  Faults faults;
  Happened happened;
  Mutant mutant = Mutant::kNone;
  SimBroker broker;
  SimStore store;
  relay::CoreOptions options;
  std::uint64_t last_producer_id = 0;
  std::uint64_t epoch_resends = 0;
  std::uint64_t hand_outs = 0;
  std::set<std::pair<LaneId, Seq>> produced;
  std::uint64_t resent = 0;

  explicit Shared(std::uint64_t seed) : rng(seed), broker(happened), store(broker, verdicts) {}
};

/// One life of the relay: the core, and in place of the driver thread this,
/// which executes its commands on the simulated world.
class SimDriver {
 public:
  explicit SimDriver(Shared& shared);
  ~SimDriver();

  void start();
  /// Entries of a lane became durable.
  void on_durable(LaneId lane, Seq from);
  /// A round of metadata.
  void look_at_cluster();
  relay::Core& core() { return core_; }
  /// Something may have to be done: soon.
  void poke();
  void break_producer(bool wedge);
  /// At the end of a clean life nothing may be left over.
  void check_nothing_left();
  /// What was handed out and is neither settled nor to be sent again anyway is what the
  /// next life repeats because of the kill.
  void check_before_kill();

 private:
  struct Slot {
    std::shared_ptr<SimProducer> producer;
    relay::Generation opening = 0;
    int max_in_flight = 0;
    bool drain = false;
    std::int64_t give_up_ms = 0;
    bool making = false;
  };

  void run();
  void schedule_deadline();
  bool take_reports();
  void feed(std::vector<relay::Report> reports);
  void close_and_open(relay::Channel channel);
  void make_producer(relay::Channel channel);
  void record_soon();
  void execute();
  bool store_says_no();
  void fsync_takes_its_time();
  void execute_on_store(const relay::Commands& commands);
  void execute_on_producers(const relay::Commands& commands);
  void trace(const relay::Commands& commands);
  void judge(LaneId id, const SimTopic& topic);
  void produce(std::vector<relay::Produce> commands);
  void read(const relay::Read& command);
  void answer_read(const relay::Read& command);
  void check();
  relay::EntryMeta meta(LaneId lane, Seq seq);
  std::int64_t now() const { return shared_.scheduler.now_ms(); }
  /// Unless this life ends before.
  template <typename F>
  void later(std::int64_t delay_ms, F what) {
    shared_.scheduler.after(delay_ms, [alive = alive_, what] {
      if (*alive) what();
    });
  }

  Shared& shared_;
  relay::Core core_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::array<Slot, relay::kChannels> slots_;
  std::set<LaneId> known_;
  std::set<LaneId> safe_;              ///< as the core was told
  std::set<relay::Handle> commanded_;  ///< to be produced, when their topic turned unsafe
  std::map<relay::Handle, std::pair<LaneId, Seq>> handles_;
  relay::Handle last_handle_ = 0;
  std::map<std::pair<LaneId, Seq>, relay::Channel> produced_;
  bool run_due_ = false;
  bool recording_ = false;
  std::int64_t wake_ms_ = -1;
  std::int64_t last_read_ms_ = 0;
  std::vector<std::function<void()>> answers_;
};

}  // namespace outbox::model

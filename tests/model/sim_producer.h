#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "model/faults.h"
#include "model/rng.h"
#include "model/scheduler.h"
#include "model/sim_broker.h"
#include "relay/core_types.h"

namespace outbox::model {

/// librdkafka's idempotent producer as far as the relay can tell: batches with
/// numbers, several requests in flight, retries that drain first, implicit
/// acknowledgements, gapless fatal errors, purge. Behaves like 2.0.2, its
/// silent epoch bumps and spurious fatal errors included.
class SimProducer : public std::enable_shared_from_this<SimProducer> {
 public:
  struct World {
    Scheduler* scheduler;
    SimBroker* broker;
    Rng* rng;
    const Faults* faults;
    /// Counts messages that a producer sent again under a new epoch.
    std::uint64_t* epoch_resends;
    /// Counts messages that producers were given.
    std::uint64_t* hand_outs;
    /// Called when there is something to take.
    std::function<void()> news;
  };
  SimProducer(World world, relay::Channel channel, relay::Generation generation, int max_in_flight,
              std::size_t batch_max, std::uint64_t producer_id);

  /// False: refused, with the failure.
  bool produce(const relay::Produce& message, kafka::Failure& failure);
  void purge();
  std::vector<relay::Report> take_reports() { return std::exchange(reports_, {}); }
  /// True once, when it has become fatal.
  bool take_fatal() { return std::exchange(fatal_untold_, false); }
  bool fatal() const { return fatal_; }
  std::size_t unreported() const { return unreported_; }
  relay::Generation generation() const { return generation_; }
  /// A librdkafka bug: the partition that has most to do stops for ever.
  void wedge();
  void become_fatal();

 private:
  struct Batch {
    std::uint64_t id = 0;
    int attempt = 0;
    bool on_wire = false;
    WireBatch wire;
  };
  struct Toppar {
    std::deque<WireMessage> queue;
    std::deque<Batch> sent;
    int epoch = 0;
    std::int64_t next_base = 0;
    bool draining = false;
    bool wedged = false;
    bool bump_wanted = false;
    bool step_due = false;
    std::int64_t last_arrival_ms = 0;
    std::int64_t last_answer_ms = 0;
  };
  using Key = std::pair<store::LaneId, std::int32_t>;
  static constexpr std::int64_t kRetryBackoffMs = 100;

  void happened(Event event) { world_.broker->happened().count(event); }
  void step_later(Key key, std::int64_t delay_ms);
  void step(Key key);
  void bump_epoch(Toppar& toppar);
  void send(Key key, Toppar& toppar, Batch& batch);
  void answered(Key key, std::uint64_t batch, int attempt, const Answer& answer);
  void timed_out(Key key, std::uint64_t batch, int attempt);
  Batch* on_wire(Toppar& toppar, std::uint64_t batch, int attempt);
  void retry(Key key, Toppar& toppar, Batch& batch);
  void succeed(Key key, Toppar& toppar, std::uint64_t batch, const Answer& answer);
  void fail(Key key, Toppar& toppar, const kafka::Failure& failure, std::uint64_t batch);
  void tell(Key key, const WireMessage& message, relay::Outcome outcome, std::int64_t offset,
            const kafka::Failure& failure = {});
  static std::size_t wires(const Toppar& toppar);

  const World world_;
  const relay::Channel channel_;
  const relay::Generation generation_;
  const int max_in_flight_;
  const std::size_t batch_max_;
  const std::uint64_t producer_id_;
  std::map<Key, Toppar> toppars_;
  std::vector<relay::Report> reports_;
  std::size_t unreported_ = 0;
  std::uint64_t last_batch_ = 0;
  bool fatal_ = false;
  bool fatal_untold_ = false;
  bool purged_ = false;
};

}  // namespace outbox::model

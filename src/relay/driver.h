#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/observer.h"
#include "kafka/producer_api.h"
#include "outbox/relay.h"
#include "relay/callback_thread.h"
#include "relay/channel_producer.h"
#include "relay/core.h"
#include "relay/inbox.h"
#include "relay/lanes.h"
#include "relay/log_limits.h"
#include "relay/message_builder.h"
#include "relay/payloads.h"
#include "relay/runs.h"
#include "relay/waker.h"
#include "store/store.h"

namespace outbox::relay {

/// What the driver is wired to; tests put fakes here.
struct DriverParts {
  store::Store* store = nullptr;  ///< must outlive the driver
  const Clock* clock = nullptr;   ///< likewise
  Log log;
  std::unique_ptr<kafka::ProducerFactory> factory;
  std::function<Result<std::unique_ptr<kafka::ObserverApi>>(std::function<void()> on_news)>
      make_observer;
  std::int64_t socket_timeout_ms = 30'000;
};

/// The relay's thread: feeds the core with what happens, executes what it
/// commands. See src/relay/README.md for who may call what.
class Driver final : public store::Drainer {
 public:
  Driver(DriverParts parts, const RelayOptions& options);
  ~Driver() override;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Becomes the store's drainer and starts the thread. kBusy, kKafka.
  Status start();

  // As in outbox/relay.h; any thread.
  Status stop(std::chrono::milliseconds timeout);
  Status drain(std::chrono::milliseconds timeout);
  void pause(const std::string& topic);
  void resume(const std::string& topic);
  Status accept(const std::string& topic);
  RelayStats stats() const;

  // store::Drainer; any thread.
  void on_durable(const store::SlabPtr& slab) override;
  void on_recorded() override;
  Result<PurgeRecord> purge(const std::string& topic, Seq through, const std::string& who) override;
  std::string lane_state(LaneId lane) const override;

 private:
  using Control = std::function<void(std::int64_t now_ms)>;
  using PurgePromise = std::shared_ptr<std::promise<Result<PurgeRecord>>>;
  struct PurgeWait {
    std::string who;
    PurgePromise promise;
  };
  struct DrainWait {
    std::shared_ptr<std::promise<Status>> promise;
  };
  /// What the store answered to a command, to be told to the core.
  using Answer = std::function<void(std::int64_t now_ms)>;

  // driver.cc: the thread
  void run();
  void begin();
  bool done(std::int64_t now_ms) const;
  void wait();
  void step();
  void step_channels(std::int64_t now_ms);
  void execute_all(std::int64_t now_ms);
  void finish();
  void harvest(std::int64_t until_ms);

  // driver_feed.cc: events
  void feed_controls(std::int64_t now_ms);
  void feed_inbox(std::int64_t now_ms);
  void feed_slab(std::int64_t now_ms, const store::Slab& slab);
  void feed_run(std::int64_t now_ms, Runs& runs, const Runs::Run& run);
  void feed_missed(std::int64_t now_ms, const std::map<LaneId, Inbox::Missed>& missed);
  void learn_lane(std::int64_t now_ms, LaneId lane, Seq first);
  bool add_metas(const Runs::Run& run);
  void feed_observer(std::int64_t now_ms);
  void feed_topic(std::int64_t now_ms, const kafka::TopicState& topic);
  bool feed_producers(std::int64_t now_ms);
  void feed_polled(std::int64_t now_ms, Channel channel, Generation generation);
  void feed_notice(std::int64_t now_ms, Channel channel, Generation generation,
                   const kafka::Notice& notice);
  void log_notice(std::int64_t now_ms, const kafka::Notice& notice);
  void set_connected(std::int64_t now_ms, bool connected, const std::string& trouble);
  void watch_pending();

  // driver_preflight.cc: is a topic safe?
  void feed_findings(std::int64_t now_ms, LaneId lane, const kafka::Findings& findings);
  void log_finding(std::int64_t now_ms, const std::string& topic, const kafka::Finding& finding);
  void add_findings(RelayStats& out) const;

  // driver_execute.cc: commands
  void execute(std::int64_t now_ms, Commands& commands);
  void execute_produce(const std::vector<Produce>& commands);
  std::int32_t hand_over(const Produce& command, ChannelProducer& producer);
  void execute_settled(const std::vector<Settled>& commands);
  void execute_advance(const std::vector<Advance>& commands);
  void execute_bury(const Bury& command);
  void execute_purged(const Purged& command);
  void execute_record_count(const RecordPartitionCount& command);
  void execute_read(const Read& command);
  void execute_close(const CloseProducer& command);
  void forget_payloads(Channel channel, ChannelProducer::Step step);
  void log_note(std::int64_t now_ms, const Note& note);

  // driver_control.cc: callers
  bool post(Control control);
  Status unknown_topic(const std::string& topic) const;
  void for_lanes(const std::string& topic, std::function<void(std::int64_t, LaneId)> what);
  void finish_drains();
  void fail_waits(const Status& status);
  std::string pending_text() const;

  ChannelProducer& producer(Channel channel) { return *producers_[index_of(channel)]; }
  std::int64_t now() const { return clock_.mono_ms(); }
  bool admit(LogKind kind, std::int64_t now_ms) { return limits_.of(kind).admit(now_ms); }

  store::Store& store_;
  const Clock& clock_;
  const Log log_;
  const RelayOptions options_;
  const std::unique_ptr<kafka::ProducerFactory> factory_;
  const decltype(DriverParts::make_observer) make_observer_;
  const std::size_t record_at_entries_;

  Waker waker_;
  Inbox inbox_;
  /// Guards the core and lanes_ against readers of other threads; the relay
  /// thread changes them under it and never calls the store while it holds it.
  mutable std::mutex core_mutex_;
  Core core_;
  Lanes lanes_;
  bool connected_ = false;
  std::string last_error_;  ///< of librdkafka, since the cluster was last reached

  // Relay thread only.
  Payloads payloads_;
  MessageBuilder builder_;
  std::array<std::unique_ptr<ChannelProducer>, kChannels> producers_;
  std::unique_ptr<kafka::ObserverApi> observer_;
  std::unique_ptr<CallbackThread> callbacks_;
  LogLimits limits_;
  Commands commands_;
  std::vector<Answer> answers_;
  kafka::Polled polled_;
  std::vector<Report> reports_;
  std::vector<Report> refused_;
  std::vector<EntryMeta> metas_;
  std::vector<Ending> endings_;
  std::map<LaneId, store::LaneInfo> new_lanes_;
  std::map<LaneId, store::TopicLimits> new_limits_;
  std::set<LaneId> watched_;
  std::map<LaneId, PurgeWait> purges_;
  std::vector<DrainWait> drains_;
  bool more_to_poll_ = false;
  bool stopping_ = false;
  std::int64_t stop_deadline_ms_ = 0;

  // Callers.
  std::mutex control_mutex_;
  std::vector<Control> controls_;
  bool closed_ = true;
  std::mutex stop_mutex_;
  Status stop_status_;
  bool in_time_ = true;
  std::thread thread_;
};

}  // namespace outbox::relay

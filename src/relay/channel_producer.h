#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/log_limiter.h"
#include "kafka/producer_api.h"
#include "relay/core_types.h"

namespace outbox::relay {

/// One channel's producer and its replacement: drain, purge, harvest the
/// reports, destroy with a time limit, make the next. Never blocks but for the
/// destruction. Relay thread only.
class ChannelProducer {
 public:
  /// How long a purge may take to give all reports.
  static constexpr std::int64_t kPurgeMs = 10'000;
  /// How long librdkafka may take to end an instance.
  static constexpr std::chrono::milliseconds kUnmakeMs{5'000};
  /// Pause after librdkafka could not make an instance.
  static constexpr std::int64_t kMakeAgainMs = 1'000;

  struct Setup {
    Channel channel = Channel::kMain;
    kafka::ProducerFactory* factory = nullptr;
    int wake_fd = -1;
    std::int64_t drain_ms = 0;  ///< how long a healthy instance may finish
    /// What a new instance's batch.size is at most; 0 = as configured.
    std::function<std::int64_t()> batch_bytes_max;
    Log log;
  };
  enum class Step : std::uint8_t {
    kNothing,
    kGone,        ///< the instance was destroyed: nothing reads its payloads
    kLeftBehind,  ///< it hangs: its payloads must stay for ever
    kReady,       ///< a new one takes messages: generation()
  };

  explicit ChannelProducer(Setup setup) : setup_(std::move(setup)) {}

  /// Replaces the instance: see OpenProducer.
  void open(const OpenProducer& wanted, std::int64_t now_ms);
  /// Goes one step towards what open() asked for. `in_flight`: messages the core still
  /// awaits. Call until kNothing.
  Step step(std::int64_t now_ms, std::size_t in_flight);
  /// Ends the instance, if any.
  Step close();
  /// step() has something to do, now or later.
  bool changing() const { return wanted_.has_value(); }
  /// When step() has something to do, whatever happens; -1 = never.
  std::int64_t next_deadline_ms() const;

  /// The instance may be given messages of this generation.
  bool takes(Generation generation) const {
    return instance_ != nullptr && !wanted_ && generation == generation_;
  }
  Generation generation() const { return generation_; }
  /// Null while there is none; polled also while it is being drained.
  kafka::ProducerApi* instance() { return instance_.get(); }
  /// Null: librdkafka refused, see `error`.
  kafka::TopicHandle topic(LaneId lane, const std::string& name, std::int32_t& error);

 private:
  Step make(std::int64_t now_ms);

  const Setup setup_;
  std::unique_ptr<kafka::ProducerApi> instance_;
  Generation generation_ = 0;
  std::vector<kafka::TopicHandle> topics_;  // by lane, of the present instance
  std::optional<OpenProducer> wanted_;
  bool purged_ = false;
  std::int64_t deadline_ms_ = 0;
  LogLimiter not_made_;
};

}  // namespace outbox::relay

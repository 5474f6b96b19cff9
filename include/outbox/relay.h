#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "outbox/options.h"
#include "outbox/outbox.h"
#include "outbox/status.h"

namespace outbox {

/// What the preflight found of a topic or its brokers.
struct PreflightFinding {
  std::string setting;   ///< as Kafka names it
  std::string subject;   ///< "topic orders", "broker 2"
  std::string severity;  ///< "warning", "unverified", "failure"
};

/// Counters since start; monotonic.
struct RelayStats {
  bool connected = false;
  std::uint64_t delivered = 0;
  std::uint64_t in_flight_entries = 0;
  std::uint64_t in_flight_bytes = 0;
  std::uint64_t produced = 0;
  /// Entries handed out again after an unclean report or a rebuild: the
  /// duplicates that the relay itself may have caused.
  std::uint64_t resent = 0;
  /// Deliveries at an offset that an earlier entry of the partition already had: Kafka lost
  /// what it had confirmed (or the topic was made anew). The log names partition and offsets.
  std::uint64_t offsets_back = 0;
  /// By reason: "fatal", "implicit ack", "watchdog", "verdict", ...
  std::map<std::string, std::uint64_t> rebuilds;
  /// By topic: as LaneStats::state.
  std::map<std::string, std::string> lane_states;
  /// By topic, as last judged; topics that were never judged are left out.
  std::map<std::string, std::vector<PreflightFinding>> preflight;
};

/// Drains an outbox to Kafka on threads of its own. Methods are safe to call
/// concurrently. At most one Relay per Outbox. An entry leaves the outbox only
/// after a delivery report with a real offset, or as a dead letter.
class Relay {
 public:
  /// Starts at once and returns without waiting for Kafka: an unreachable
  /// cluster is a state (see stats().connected), not an error. Failures:
  /// kUnsafeSetting and kInvalidArgument (name the property), kBusy (another
  /// Relay drains this outbox). `outbox` must outlive the Relay.
  static Result<std::unique_ptr<Relay>> start(Outbox& outbox, RelayOptions options);

  /// stop() with the options' stop_deadline_ms.
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// Stops handing out, waits for what is in flight, makes the progress
  /// durable. kTimeout: something was still in flight; nothing is lost, it is
  /// sent again next time. Idempotent.
  Status stop(std::chrono::milliseconds timeout);

  /// Waits until nothing is pending in any topic. kTimeout names what is left.
  Status drain(std::chrono::milliseconds timeout);

  /// Holds a topic's lane, or all lanes when `topic` is empty. In memory only:
  /// a restart resumes.
  void pause(const std::string& topic);
  void resume(const std::string& topic);
  /// Accepts a topic that was recreated with fewer partitions than recorded,
  /// and lets a lane halted by policy try again.
  Status accept(const std::string& topic);

  RelayStats stats() const;

 private:
  class Impl;
  explicit Relay(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace outbox

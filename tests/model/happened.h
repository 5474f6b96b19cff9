#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace outbox::model {

/// What a run can meet.
enum class Event : std::size_t {
  kRequestLost,
  kResponseLost,
  kNoLeader,
  kTooFewReplicas,
  kTopicMissing,
  kUnauthorized,
  kTooLarge,
  kSequenceRefused,
  kSequenceKnown,
  kProducerForgotten,
  kImplicitAck,
  kFatal,
  kQueueFull,
  kEpochBump,
  kWedge,
  kNewProducer,
  kMainClosed,
  kOutage,
  kGrowth,
  kRecreatedSmaller,
  kKill,
  kPause,
  kPurge,
  kUnsafe,
  kAccept,
  kRequeue,
  kStoreNo,
  kReadFailed,
  kSlowFsync,
  kClockJump,
  kPowerCut,
  kWriteFailed,
  kReopened,  ///< the process ended after a failed write, the power stayed
};
inline constexpr std::array kEventNames = {"request lost",   "response lost",
                                           "no leader",      "too few replicas",
                                           "topic missing",  "unauthorized",
                                           "too large",      "sequence refused",
                                           "sequence known", "producer forgotten",
                                           "implicit ack",   "fatal",
                                           "queue full",     "epoch bump",
                                           "wedge",          "new producer",
                                           "main closed",    "outage",
                                           "growth",         "recreated smaller",
                                           "kill",           "pause",
                                           "purge",          "turned unsafe",
                                           "accept",         "requeue",
                                           "store said no",  "read failed",
                                           "slow fsync",     "clock jump",
                                           "power cut",      "write failed",
                                           "reopened"};

/// How often each did: a fault that is in the plan and never comes tests nothing.
class Happened {
 public:
  void count(Event event) { ++counts_[static_cast<std::size_t>(event)]; }
  std::uint64_t of(Event event) const { return counts_[static_cast<std::size_t>(event)]; }
  Happened& operator+=(const Happened& more) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += more.counts_[i];
    return *this;
  }
  std::string text() const {
    std::string text;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      text += std::string(i == 0 ? "" : ", ") + kEventNames[i] + " " + std::to_string(counts_[i]);
    }
    return text;
  }

 private:
  std::array<std::uint64_t, kEventNames.size()> counts_{};
};

}  // namespace outbox::model

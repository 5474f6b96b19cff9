#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace outbox::test {

inline constexpr int kPartition = 0;

/// What is sent: `trials` times a burst of messages to one partition.
struct Plan {
  std::string bootstrap;
  std::string topic;
  int trials = 0;
  int messages = 10;
  bool one_sender = false;             ///< for all trials; else a new one for each
  std::chrono::milliseconds pause{0};  ///< between two trials
  std::chrono::milliseconds age{0};    ///< how old the timestamps of the messages are
  std::chrono::milliseconds slow_start_idle{300'000};  ///< the relay's
  std::string dir;                                     ///< the relay's outbox
  std::map<std::string, std::string> properties;       ///< of librdkafka
};

/// One message that was reported OK.
using Reported = std::function<void(const std::string& value, std::int64_t offset)>;

/// The value of message `i` of a trial.
inline std::string value_of(int trial, int i) {
  return std::to_string(trial) + "." + std::to_string(i);
}

/// librdkafka with idempotence and acks=all: what a careful user of the library does. Answers how
/// many producers there were.
std::uint64_t send_raw(const Plan& plan, const Reported& reported);

/// The same through a relay on an outbox in `dir`.
std::uint64_t send_by_relay(const Plan& plan, const Reported& reported);

}  // namespace outbox::test

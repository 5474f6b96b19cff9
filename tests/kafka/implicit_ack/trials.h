#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace outbox::test {

inline constexpr int kMessagesPerTrial = 10;
inline constexpr int kPartition = 0;

/// One message that was reported OK.
using Reported = std::function<void(const std::string& value, std::int64_t offset)>;

/// What makes the fault likely: one message a batch, impatient requests. Not what anybody should
/// set, and nothing that a promise rests on.
std::map<std::string, std::string> impatient();

/// Fresh librdkafka producers, one a trial, with idempotence and acks=all: what a careful user of
/// the library does.
void raw_trials(const std::string& bootstrap, const std::string& topic, int trials,
                const Reported& reported);

/// Fresh relays, one a trial, on one outbox in `dir`; answers how many producers they made.
std::uint64_t relay_trials(const std::string& bootstrap, const std::string& topic, int trials,
                           const std::string& dir, const Reported& reported);

}  // namespace outbox::test

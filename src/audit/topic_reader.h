#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "audit/topic_audit.h"
#include "outbox/options.h"
#include "outbox/status.h"

namespace outbox::audit {

/// How long no partition may give anything before the reading is given up.
inline constexpr std::chrono::milliseconds kSilenceMs{30'000};
/// A question to the cluster.
inline constexpr std::chrono::milliseconds kQuestionMs{10'000};
/// What librdkafka may read ahead, over all partitions, up to 100 of them: each is given 1,000
/// messages at least. A message costs it some 400 bytes more.
inline constexpr std::size_t kPrefetchBytes = std::size_t{64} << 20;
inline constexpr std::size_t kPrefetchMessages = 100'000;

/// Offsets read, and to be read.
using OnProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Gives every message of the topic to `audit`, up to the end that the topic had when the call
/// began. kNotFound: there is no such topic. kKafka, kTimeout: not all could be read.
Status read_topic(const RelayOptions& options, const std::string& topic, TopicAudit& audit,
                  const OnProgress& on_progress);

}  // namespace outbox::audit

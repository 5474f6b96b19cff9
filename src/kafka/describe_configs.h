#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kafka/cluster_facts.h"
#include "kafka/rdkafka_ptr.h"

namespace outbox::kafka {

/// How long one question may take; then its answer is "timed out".
inline constexpr int kConfigAnswerMs = 10'000;
/// Topics of one question: its answer is in memory at once, some 10 KB a topic.
inline constexpr std::size_t kTopicsPerQuestionMax = 100;

/// Whose settings are asked for.
struct ConfigResource {
  enum class Kind : std::uint8_t { kTopic, kBroker };
  Kind kind = Kind::kTopic;
  std::string name;  ///< of a broker: its number

  friend auto operator<=>(const ConfigResource&, const ConfigResource&) = default;
};

/// Asks in the background; exactly one event comes to `answers`, with `tag` as its opaque. Topics
/// may come together, a broker comes alone: it is asked itself.
void ask_configs(rd_kafka_t* handle, std::span<const ConfigResource> resources, std::uintptr_t tag,
                 rd_kafka_queue_t* answers);

/// What the event says of each resource that was asked for. A question that failed as a whole
/// says so of each. Keeps the settings that the preflight judges, no others.
std::vector<ConfigFacts> configs_of(rd_kafka_event_t* event, std::span<const ConfigResource> asked);

}  // namespace outbox::kafka

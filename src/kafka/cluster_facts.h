#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// What a cluster says of itself. Plain values: no librdkafka.
namespace outbox::kafka {

/// Who set a value; the nearest one wins, in this order.
enum class ConfigSource : std::uint8_t {
  kUnknown,     ///< the broker names a source that librdkafka does not know
  kTopic,       ///< the topic itself
  kBroker,      ///< kafka-configs.sh, for one broker
  kAllBrokers,  ///< kafka-configs.sh, for all brokers; Kafka 4 sets some so by itself
  kBrokerFile,  ///< server.properties
  kBuiltIn,     ///< Kafka's default
};

/// "topic", "server.properties", ...
std::string_view text_of(ConfigSource source);

/// Where a value could come from; a topic's retention.ms is a broker's log.retention.ms.
struct ConfigSynonym {
  std::string name;
  std::string value;
  ConfigSource source = ConfigSource::kUnknown;
};

/// One setting: what holds, and what it hides.
struct ConfigValue {
  std::string value;
  ConfigSource source = ConfigSource::kUnknown;
  std::vector<ConfigSynonym> synonyms;  ///< the effective one first; empty before Kafka 1.1
};

/// The settings of one topic or broker.
struct ConfigFacts {
  /// Why nothing is known; empty = the cluster answered.
  std::string trouble = "not asked yet";
  /// rd_kafka_resp_err_t of the trouble; 0 = none, or nobody was asked.
  std::int32_t error = 0;
  std::map<std::string, ConfigValue, std::less<>> values;

  bool known() const { return trouble.empty(); }
  /// Null: not known, or the broker has no such setting.
  const ConfigValue* find(std::string_view name) const;
};

struct PartitionFacts {
  std::int32_t id = 0;
  std::int32_t leader = -1;  ///< -1 = none
  std::vector<std::int32_t> replicas;
  std::vector<std::int32_t> in_sync;
};

struct TopicFacts {
  std::string name;
  /// Why the topic cannot be used (it does not exist, no right); empty = it can.
  std::string trouble;
  std::int32_t error = 0;  ///< rd_kafka_resp_err_t of that
  std::vector<PartitionFacts> partitions;
  ConfigFacts configs;
  /// Of our own store: the recorded partition count, 0 = unknown; and how long the oldest entry
  /// has waited, 0 = nothing waits.
  std::int32_t recorded_partitions = 0;
  std::int64_t oldest_age_ms = 0;
};

struct BrokerFacts {
  std::int32_t id = 0;
  std::string address;
  ConfigFacts configs;
};

/// Brokers that are alive, and the topics that were asked for.
struct ClusterFacts {
  std::vector<BrokerFacts> brokers;
  std::vector<TopicFacts> topics;
};

}  // namespace outbox::kafka

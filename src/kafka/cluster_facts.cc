#include "kafka/cluster_facts.h"

namespace outbox::kafka {

std::string_view text_of(ConfigSource source) {
  switch (source) {
    case ConfigSource::kTopic:
      return "topic";
    case ConfigSource::kBroker:
      return "this broker";
    case ConfigSource::kAllBrokers:
      return "all brokers";
    case ConfigSource::kBrokerFile:
      return "server.properties";
    case ConfigSource::kBuiltIn:
      return "Kafka's default";
    case ConfigSource::kUnknown:
      break;
  }
  return "unknown source";
}

const ConfigValue* ConfigFacts::find(std::string_view name) const {
  const auto found = values.find(name);
  return found == values.end() ? nullptr : &found->second;
}

}  // namespace outbox::kafka

#include "kafka/describe_configs.h"

#include <array>
#include <map>

#include "kafka/error_table.h"
#include "kafka/preflight.h"

namespace outbox::kafka {
namespace {

constexpr std::size_t kErrorTextBytes = 256;

using OptionsPtr =
    std::unique_ptr<rd_kafka_AdminOptions_t, Destroyer<rd_kafka_AdminOptions_destroy>>;
using ResourcePtr =
    std::unique_ptr<rd_kafka_ConfigResource_t, Destroyer<rd_kafka_ConfigResource_destroy>>;

rd_kafka_ResourceType_t type_of(ConfigResource::Kind kind) {
  return kind == ConfigResource::Kind::kTopic ? RD_KAFKA_RESOURCE_TOPIC : RD_KAFKA_RESOURCE_BROKER;
}

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

ConfigSource source_of(rd_kafka_ConfigSource_t source) {
  switch (source) {
    case RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG:
      return ConfigSource::kTopic;
    case RD_KAFKA_CONFIG_SOURCE_DYNAMIC_BROKER_CONFIG:
      return ConfigSource::kBroker;
    case RD_KAFKA_CONFIG_SOURCE_DYNAMIC_DEFAULT_BROKER_CONFIG:
      return ConfigSource::kAllBrokers;
    case RD_KAFKA_CONFIG_SOURCE_STATIC_BROKER_CONFIG:
      return ConfigSource::kBrokerFile;
    case RD_KAFKA_CONFIG_SOURCE_DEFAULT_CONFIG:
      return ConfigSource::kBuiltIn;
    default:
      return ConfigSource::kUnknown;
  }
}

ConfigValue value_of(const rd_kafka_ConfigEntry_t* entry) {
  ConfigValue out{text_or_empty(rd_kafka_ConfigEntry_value(entry)),
                  source_of(rd_kafka_ConfigEntry_source(entry)),
                  {}};
  std::size_t count = 0;
  const auto* synonyms = rd_kafka_ConfigEntry_synonyms(entry, &count);
  for (std::size_t i = 0; i < count; ++i) {
    out.synonyms.push_back({text_or_empty(rd_kafka_ConfigEntry_name(synonyms[i])),
                            text_or_empty(rd_kafka_ConfigEntry_value(synonyms[i])),
                            source_of(rd_kafka_ConfigEntry_source(synonyms[i]))});
  }
  return out;
}

ConfigFacts unanswered(std::int32_t error) { return {std::string(error_text(error)), error, {}}; }

ConfigFacts facts_of(const rd_kafka_ConfigResource_t* resource) {
  const auto error = rd_kafka_ConfigResource_error(resource);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return unanswered(error);
  ConfigFacts out;
  out.trouble.clear();
  std::size_t count = 0;
  const auto* entries = rd_kafka_ConfigResource_configs(resource, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = text_or_empty(rd_kafka_ConfigEntry_name(entries[i]));
    if (judged(name)) out.values.emplace(name, value_of(entries[i]));
  }
  return out;
}

}  // namespace

void ask_configs(rd_kafka_t* handle, std::span<const ConfigResource> resources, std::uintptr_t tag,
                 rd_kafka_queue_t* answers) {
  const OptionsPtr options(rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS));
  std::array<char, kErrorTextBytes> text{};
  // Refused only when out of range; then librdkafka's own limit holds, socket.timeout.ms.
  (void)rd_kafka_AdminOptions_set_request_timeout(options.get(), kConfigAnswerMs, text.data(),
                                                  text.size());
  rd_kafka_AdminOptions_set_opaque(options.get(), reinterpret_cast<void*>(tag));  // NOLINT
  std::vector<ResourcePtr> owned;
  std::vector<rd_kafka_ConfigResource_t*> pointers;
  for (const ConfigResource& resource : resources) {
    owned.emplace_back(rd_kafka_ConfigResource_new(type_of(resource.kind), resource.name.c_str()));
    pointers.push_back(owned.back().get());
  }
  rd_kafka_DescribeConfigs(handle, pointers.data(), pointers.size(), options.get(), answers);
}

std::vector<ConfigFacts> configs_of(rd_kafka_event_t* event,
                                    std::span<const ConfigResource> asked) {
  const auto* result = rd_kafka_event_DescribeConfigs_result(event);
  const auto error = rd_kafka_event_error(event);
  if (result == nullptr || error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::vector<ConfigFacts>(asked.size(), unanswered(error));
  }
  std::map<ConfigResource, ConfigFacts> told;
  std::size_t count = 0;
  const auto* resources = rd_kafka_DescribeConfigs_result_resources(result, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const bool topic = rd_kafka_ConfigResource_type(resources[i]) == RD_KAFKA_RESOURCE_TOPIC;
    told[{topic ? ConfigResource::Kind::kTopic : ConfigResource::Kind::kBroker,
          text_or_empty(rd_kafka_ConfigResource_name(resources[i]))}] = facts_of(resources[i]);
  }
  std::vector<ConfigFacts> out;
  for (const ConfigResource& resource : asked) {
    const auto found = told.find(resource);
    out.push_back(found == told.end() ? ConfigFacts{"the cluster did not answer", 0, {}}
                                      : found->second);
  }
  return out;
}

}  // namespace outbox::kafka

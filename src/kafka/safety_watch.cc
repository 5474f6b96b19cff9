#include "kafka/safety_watch.h"

#include <algorithm>
#include <utility>

#include "kafka/client_facts.h"
#include "kafka/verdict.h"

namespace outbox::kafka {
namespace {

ConfigResource topic_resource(const std::string& name) {
  return {ConfigResource::Kind::kTopic, name};
}
ConfigResource broker_resource(const BrokerFacts& broker) {
  return {ConfigResource::Kind::kBroker, std::to_string(broker.id)};
}

}  // namespace

SafetyWatch::SafetyWatch(rd_kafka_t* handle, const RelayOptions& options)
    : judges_(options.preflight != Preflight::kOff),
      client_(client_facts(options)),
      configs_(handle, options.preflight_interval_ms.count()) {}

void SafetyWatch::ask(const ClusterFacts& facts, std::int64_t now_ms) {
  std::vector<ConfigResource> wanted;
  for (const TopicFacts& topic : facts.topics) {
    if (topic.error == 0) wanted.push_back(topic_resource(topic.name));
  }
  // An idle relay leaves the brokers alone.
  if (judges_ && !facts.topics.empty()) {
    for (const BrokerFacts& broker : facts.brokers) wanted.push_back(broker_resource(broker));
  }
  configs_.ask(wanted, now_ms);
}

void SafetyWatch::look_at(ClusterFacts& facts, std::int64_t now_ms) {
  ask(facts, now_ms);
  limits_.clear();
  for (TopicFacts& topic : facts.topics) {
    if (topic.error != 0) continue;
    topic.configs = configs_.facts(topic_resource(topic.name));
    const ConfigValue* limit = topic.configs.find("max.message.bytes");
    if (limit != nullptr) limits_[topic.name] = number_of(limit->value).value_or(0);
  }
  std::erase_if(findings_, [&](const auto& each) {
    return std::ranges::find(facts.topics, each.first, &TopicFacts::name) == facts.topics.end();
  });
  if (!judges_ || facts.topics.empty()) return;
  for (BrokerFacts& broker : facts.brokers) {
    if (!configs_.answered(broker_resource(broker))) return;
    broker.configs = configs_.facts(broker_resource(broker));
  }
  const std::vector<Finding> of_brokers = judge_cluster(facts, client_);
  for (const TopicFacts& topic : facts.topics) {
    if (topic.error == 0) judge(topic, facts, of_brokers);
  }
  for (const BrokerFacts& broker : facts.brokers) {
    const std::string subject = "broker " + std::to_string(broker.id);
    configs_.hurry(broker_resource(broker), std::ranges::any_of(of_brokers, [&](const auto& each) {
                     return each.subject == subject && each.severity >= Severity::kUnverified;
                   }));
  }
}

void SafetyWatch::judge(const TopicFacts& topic, const ClusterFacts& facts,
                        const std::vector<Finding>& of_brokers) {
  const ConfigResource resource = topic_resource(topic.name);
  if (!configs_.answered(resource)) return;
  std::vector<Finding> found = judge_topic(topic, facts, client_);
  configs_.hurry(resource, worst(found) >= Severity::kUnverified);
  found.insert(found.end(), of_brokers.begin(), of_brokers.end());
  std::erase_if(found, [](const Finding& each) { return each.severity <= Severity::kNote; });
  Findings& known = findings_[topic.name];
  if (known == nullptr || *known != found) {
    known = std::make_shared<const std::vector<Finding>>(std::move(found));
  }
}

std::int64_t SafetyWatch::message_bytes_max(const std::string& topic) const {
  const auto found = limits_.find(topic);
  return found == limits_.end() ? 0 : found->second;
}

Findings SafetyWatch::findings(const std::string& topic) const {
  const auto found = findings_.find(topic);
  return found == findings_.end() ? nullptr : found->second;
}

}  // namespace outbox::kafka

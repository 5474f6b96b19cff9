// The rows that look at brokers, and at our own side.
#include <algorithm>

#include "kafka/preflight.h"
#include "kafka/verdict.h"

namespace outbox::kafka {
namespace {

constexpr std::string_view kExpiration = "producer.id.expiration.ms";
constexpr const char* kOneBroker =
    "Every message has one copy: it is lost with that broker's disk. What can be had: an outbox "
    "that keeps what the broker has not confirmed.";
constexpr const char* kTwoBrokers =
    "What can be had with two: replication factor 2 and min.insync.replicas 2 lose nothing that "
    "was confirmed when one broker is lost, but either one down stops the topics; with "
    "min.insync.replicas 1 they go on, and a second failure loses messages.";

Finding brokers(const ClusterFacts& cluster, const Places& places) {
  Verdict out;
  const std::size_t count = cluster.brokers.size();
  out.holds = count >= static_cast<std::size_t>(kReplicasMin);
  out.value = std::to_string(count);
  out.loss = count < 2 ? kOneBroker : kTwoBrokers;
  return finding_of(Check::kBrokers, "cluster", out, places);
}

/// librdkafka negotiates versions and tells nobody what it found; settings tell a little.
Finding version(const BrokerFacts& broker, const std::string& subject, const Places& places) {
  const ConfigFacts& configs = broker.configs;
  const ConfigValue* protocol = configs.find("inter.broker.protocol.version");
  const bool synonyms = std::ranges::any_of(
      configs.values, [](const auto& each) { return !each.second.synonyms.empty(); });
  Verdict out;
  if (protocol != nullptr && !protocol->value.empty()) {
    out.holds = true;
    out.value = protocol->value + " or later";
    out.source = "inter.broker.protocol.version";
  } else if (synonyms) {
    out.holds = true;
    out.value = "1.1 or later; which one cannot be known";
    out.source = "it names the sources of its settings; librdkafka does not tell the version";
  } else {
    out.value = "cannot be known";
    out.source = "librdkafka does not tell the version";
  }
  return finding_of(Check::kBrokerVersion, subject, out, places);
}

Verdict expiration(const BrokerFacts& broker, std::int64_t above_ms) {
  if (!broker.configs.known()) return unknown(broker.configs.trouble, broker.configs.error);
  const ConfigValue* found = broker.configs.find(kExpiration);
  if (found == nullptr) return unknown("the broker does not tell it");
  const auto ms = number_of(found->value);
  if (!ms) return unknown("not a number: " + found->value);
  return {.holds = *ms > above_ms, .value = found->value, .source = source_of(kExpiration, *found)};
}

void producer_ids(const BrokerFacts& broker, const std::string& subject, const ClientFacts& client,
                  const Places& places, std::vector<Finding>& out) {
  const std::int64_t ours_ms = std::max(client.old_after_ms, client.slow_start_idle_ms);
  const Verdict above = expiration(broker, ours_ms);
  out.push_back(finding_of(Check::kProducerIds, subject, above, places));
  if (!above.known || !above.holds) return;
  const Verdict twice = expiration(broker, 2 * ours_ms - 1);
  if (!twice.holds) out.back() = finding_of(Check::kProducerIdsHalf, subject, twice, places);
}

/// Our own side is known, or it is not judged at all.
template <typename Holds>
void client_row(const ClientFacts& client, Check check, Holds holds, std::vector<Finding>& out) {
  const std::string_view name = row_of(check).setting;
  const auto found = client.properties.find(name);
  Verdict verdict;
  if (found == client.properties.end()) {
    verdict.value = "this librdkafka has no such property";
  } else {
    const auto number = number_of(found->second.value);
    verdict.holds = holds(found->second.value, number.value_or(-1));
    verdict.value = found->second.value;
    verdict.source = found->second.source;
  }
  out.push_back(
      finding_of(check, "this relay", verdict, {client.bootstrap_servers, {}, {}, {}, {}}));
}

}  // namespace

std::vector<Finding> judge_cluster(const ClusterFacts& cluster, const ClientFacts& client) {
  Places places{client.bootstrap_servers, {}, {}, client.principal, {}};
  std::vector<Finding> out{brokers(cluster, places)};
  for (const BrokerFacts& broker : cluster.brokers) {
    const std::string subject = "broker " + std::to_string(broker.id);
    places.broker = std::to_string(broker.id);
    out.push_back(version(broker, subject, places));
    producer_ids(broker, subject, client, places, out);
  }
  return out;
}

std::vector<Finding> judge_client(const ClientFacts& client) {
  std::vector<Finding> out;
  using Text = const std::string&;
  using Number = std::int64_t;
  client_row(
      client, Check::kAcks, [](Text t, Number n) { return t == "all" || n == -1; }, out);
  client_row(
      client, Check::kIdempotence, [](Text t, Number) { return t == "true"; }, out);
  client_row(
      client, Check::kRetries, [](Text, Number n) { return n == 2147483647; }, out);
  client_row(
      client, Check::kRetryBackoff, [](Text, Number n) { return n > 0; }, out);
  client_row(
      client, Check::kRetryGrowth, [](Text, Number n) { return n > 0; }, out);
  client_row(
      client, Check::kDeliveryTimeout, [](Text, Number n) { return n == 0; }, out);
  client_row(
      client, Check::kInFlight, [](Text, Number n) { return n >= 1 && n <= kInFlightMax; }, out);
  return out;
}

}  // namespace outbox::kafka

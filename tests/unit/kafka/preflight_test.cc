#include "kafka/preflight.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <set>

#include "kafka/client_facts.h"
#include "kafka/verdict.h"

namespace outbox::kafka {
namespace {

constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1'000;

/// Three brokers, one topic, our own side: nothing is wrong.
struct Facts {
  ClusterFacts cluster;
  ClientFacts client;

  Facts() {
    client.bootstrap_servers = "k:9092";
    client.message_bytes_max = 1'000'000;
    client.slow_start_idle_ms = 300'000;
    client.old_after_ms = kDayMs / 2;
    client.properties = {{"acks", {"-1", "the relay"}},
                         {"enable.idempotence", {"true", "the relay"}},
                         {"retries", {"2147483647", "the relay"}},
                         {"retry.backoff.ms", {"250", "the relay"}},
                         {"retry.backoff.max.ms", {"1000", "librdkafka's default"}},
                         {"message.timeout.ms", {"0", "the relay"}},
                         {"max.in.flight.requests.per.connection", {"5", "the relay"}}};
    for (const std::int32_t id : {1, 2, 3}) {
      cluster.brokers.push_back({id, "k" + std::to_string(id), known()});
      set(cluster.brokers.back().configs, "producer.id.expiration.ms", std::to_string(kDayMs));
    }
    TopicFacts topic;
    topic.name = "orders";
    topic.configs = known();
    topic.recorded_partitions = 2;
    for (const std::int32_t id : {0, 1}) topic.partitions.push_back({id, 1, {1, 2, 3}, {1, 2, 3}});
    cluster.topics = {topic};
    for (const auto& [name, value] : std::map<std::string, std::string>{
             {"min.insync.replicas", "2"},
             {"unclean.leader.election.enable", "false"},
             {"max.message.bytes", "1004096"},
             {"cleanup.policy", "delete"},
             {"retention.ms", "604800000"},
             {"retention.bytes", "-1"},
             {"message.timestamp.type", "CreateTime"},
             {"message.timestamp.before.max.ms", "9223372036854775807"},
             {"message.timestamp.difference.max.ms", "9223372036854775807"}}) {
      set(name, value);
    }
  }

  static ConfigFacts known() { return {"", 0, {}}; }
  static void set(ConfigFacts& configs, const std::string& name, const std::string& value) {
    configs.values[name] = {value, ConfigSource::kTopic, {{name, value, ConfigSource::kTopic}}};
  }
  void set(const std::string& name, const std::string& value) { set(topic().configs, name, value); }
  void set_client(const std::string& name, const std::string& value) {
    client.properties[name] = {value, "[kafka] or -X"};
  }
  TopicFacts& topic() { return cluster.topics.front(); }

  std::vector<Finding> judged() const {
    std::vector<Finding> out = judge_cluster(cluster, client);
    for (const auto& more :
         {judge_topic(cluster.topics.front(), cluster, client), judge_client(client)}) {
      out.insert(out.end(), more.begin(), more.end());
    }
    return out;
  }
  std::vector<Finding> wrong() const {
    std::vector<Finding> out = judged();
    std::erase_if(out, [](const Finding& each) { return each.severity == Severity::kOk; });
    return out;
  }
};

struct Case {
  Check check;
  Severity severity;
  const char* value;  ///< a part of what is shown
  const char* fix;    ///< a part of the command
  std::function<void(Facts&)> change;
};

/// Each changes one thing, and one row alone may complain.
const std::vector<Case>& cases() {
  static const std::vector<Case> kCases{
      {Check::kTopicThere, Severity::kFailure, "no: UNKNOWN",
       "enable=false --config max.message.bytes=1004096",
       [](Facts& f) {
         f.topic().trouble = "UNKNOWN";
         f.topic().error = 3;
       }},
      {Check::kTopicThere, Severity::kUnverified, "AUTH",
       "--operation DescribeConfigs --topic orders",
       [](Facts& f) {
         f.topic().trouble = "AUTH";
         f.topic().error = 29;
       }},
      {Check::kReplicationFactor, Severity::kFailure, "2", "\"partition\":1,\"replicas\":[3,1,2]",
       [](Facts& f) {
         f.topic().partitions[1] = {1, 3, {3, 1}, {3, 1}};
       }},
      {Check::kMinInSync, Severity::kFailure, "1", "orders --add-config min.insync.replicas=2",
       [](Facts& f) { f.set("min.insync.replicas", "1"); }},
      {Check::kMinInSyncRoom, Severity::kWarning, "3", "min.insync.replicas=2",
       [](Facts& f) { f.set("min.insync.replicas", "3"); }},
      {Check::kUncleanElection, Severity::kFailure, "true", "unclean.leader.election.enable=false",
       [](Facts& f) { f.set("unclean.leader.election.enable", "true"); }},
      {Check::kLeaders, Severity::kWarning, "partition 1", "--unavailable-partitions",
       [](Facts& f) { f.topic().partitions[1].leader = -1; }},
      {Check::kInSyncNow, Severity::kWarning, "2 of 3: partition 0",
       "--under-replicated-partitions",
       [](Facts& f) {
         f.topic().partitions[0].in_sync = {1, 2};
       }},
      {Check::kMessageBytes, Severity::kWarning, "1004095", "max.message.bytes=1004096",
       [](Facts& f) { f.set("max.message.bytes", "1004095"); }},
      {Check::kCleanupPolicy, Severity::kWarning, "compact", "cleanup.policy=delete",
       [](Facts& f) { f.set("cleanup.policy", "compact"); }},
      {Check::kRetention, Severity::kFailure, "3599999", "retention.ms=604800000",
       [](Facts& f) { f.set("retention.ms", "3599999"); }},
      {Check::kRetentionOutage, Severity::kWarning, "259199999", "retention.ms=604800000",
       [](Facts& f) { f.set("retention.ms", "259199999"); }},
      {Check::kRetentionBacklog, Severity::kFailure, "has waited 604800000 ms", "LogAppendTime",
       [](Facts& f) { f.topic().oldest_age_ms = 604'800'000; }},
      {Check::kRetentionBytes, Severity::kWarning, "1073741823", "retention.bytes=-1",
       [](Facts& f) { f.set("retention.bytes", "1073741823"); }},
      {Check::kTimestampBefore, Severity::kWarning, "259199999",
       "before.max.ms=9223372036854775807",
       [](Facts& f) { f.set("message.timestamp.before.max.ms", "259199999"); }},
      {Check::kTimestampDifference, Severity::kWarning, "1000",
       "difference.max.ms=9223372036854775807",
       [](Facts& f) { f.set("message.timestamp.difference.max.ms", "1000"); }},
      {Check::kPartitionCount, Severity::kFailure, "2, recorded 3",
       "accept --dir DIR --topic orders", [](Facts& f) { f.topic().recorded_partitions = 3; }},
      {Check::kBrokers, Severity::kWarning, "2", "--bootstrap-server k:9092",
       [](Facts& f) { f.cluster.brokers.pop_back(); }},
      {Check::kBrokerVersion, Severity::kNote, "cannot be known", "--version",
       [](Facts& f) { f.cluster.brokers[1].configs.values.begin()->second.synonyms.clear(); }},
      {Check::kProducerIds, Severity::kFailure, "43200000", "--entity-name 2 --add-config",
       [](Facts& f) {
         Facts::set(f.cluster.brokers[1].configs, "producer.id.expiration.ms", "43200000");
       }},
      {Check::kProducerIdsHalf, Severity::kWarning, "86399999", "--entity-name 2 --add-config",
       [](Facts& f) {
         Facts::set(f.cluster.brokers[1].configs, "producer.id.expiration.ms", "86399999");
       }},
      {Check::kProducerIds, Severity::kUnverified, "AUTH", "--operation DescribeConfigs --cluster",
       [](Facts& f) {
         f.cluster.brokers[1].configs = {"AUTH", 31, f.cluster.brokers[1].configs.values};
       }},
      {Check::kAcks, Severity::kFailure, "1", "remove acks",
       [](Facts& f) { f.set_client("acks", "1"); }},
      {Check::kIdempotence, Severity::kFailure, "false", "remove enable.idempotence",
       [](Facts& f) { f.set_client("enable.idempotence", "false"); }},
      {Check::kRetries, Severity::kFailure, "5", "remove retries",
       [](Facts& f) { f.set_client("retries", "5"); }},
      {Check::kRetryBackoff, Severity::kFailure, "0", "remove retry.backoff.ms",
       [](Facts& f) { f.set_client("retry.backoff.ms", "0"); }},
      {Check::kRetryGrowth, Severity::kNote, "no such property", "2.3",
       [](Facts& f) { f.client.properties.erase("retry.backoff.max.ms"); }},
      {Check::kDeliveryTimeout, Severity::kFailure, "300000", "remove message.timeout.ms",
       [](Facts& f) { f.set_client("message.timeout.ms", "300000"); }},
      {Check::kInFlight, Severity::kFailure, "6", "--max-in-flight-requests 5",
       [](Facts& f) { f.set_client("max.in.flight.requests.per.connection", "6"); }},
  };
  return kCases;
}

TEST_CASE("preflight: nothing is wrong with a cluster that is safe") {
  Facts facts;
  for (const Finding& finding : facts.wrong()) FAIL(row_of(finding.check).setting);
  CHECK(worst(facts.judged()) == Severity::kOk);
  CHECK(unsafe_reason(facts.judged()).empty());
}

TEST_CASE("preflight: each row finds what it is for, and no other does") {
  std::set<Check> seen;
  for (const Case& each : cases()) {
    INFO(row_of(each.check).setting << ", wanted " << row_of(each.check).wanted);
    Facts facts;
    each.change(facts);
    const std::vector<Finding> wrong = facts.wrong();
    REQUIRE(wrong.size() == 1);
    CHECK(wrong[0].check == each.check);
    CHECK(wrong[0].severity == each.severity);
    CHECK(wrong[0].value.find(each.value) != std::string::npos);
    CHECK(wrong[0].fix.find(each.fix) != std::string::npos);
    CHECK(wrong[0].fix.find('{') == wrong[0].fix.find("{\"version\""));
    CHECK_FALSE(wrong[0].loss.empty());
    CHECK(unsafe_reason(wrong).empty() == (each.severity < Severity::kUnverified));
    seen.insert(each.check);
  }
  for (const CheckRow& row : check_rows()) {
    INFO(row.setting << ", wanted " << row.wanted);
    CHECK(seen.contains(row.check));
  }
}

TEST_CASE("preflight: what lies just within the limits is well") {
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"retention.ms", "-1"},
           {"retention.ms", "259200000"},
           {"retention.bytes", "1073741824"},
           {"cleanup.policy", "delete"},
           {"message.timestamp.before.max.ms", "259200000"}}) {
    Facts facts;
    facts.set(name, value);
    INFO(name << "=" << value);
    CHECK(facts.wrong().empty());
  }
}

TEST_CASE("preflight: the broker's time makes old entries as good as new ones") {
  Facts facts;
  facts.set("message.timestamp.type", "LogAppendTime");
  facts.set("retention.ms", "7200000");
  facts.set("message.timestamp.before.max.ms", "1");
  facts.topic().oldest_age_ms = 604'800'000;
  CHECK(facts.wrong().empty());
}

TEST_CASE("preflight: a topic that is only compacted has no retention") {
  Facts facts;
  facts.set("cleanup.policy", "compact");
  facts.set("retention.ms", "1");
  facts.set("retention.bytes", "1");
  facts.topic().oldest_age_ms = 604'800'000;
  REQUIRE(facts.wrong().size() == 1);
  CHECK(facts.wrong()[0].check == Check::kCleanupPolicy);
}

TEST_CASE("preflight: what cannot be read is unverified, never well") {
  Facts facts;
  facts.client.principal = "User:relay";
  facts.topic().configs = {"TOPIC_AUTHORIZATION_FAILED", 29, {}};
  std::set<std::string> unverified;
  for (const Finding& finding : judge_topic(facts.topic(), facts.cluster, facts.client)) {
    const std::string setting(row_of(finding.check).setting);
    if (finding.severity == Severity::kUnverified) {
      unverified.insert(setting);
      CHECK(finding.value == "TOPIC_AUTHORIZATION_FAILED");
      CHECK(finding.fix.find("--allow-principal User:relay") != std::string::npos);
    } else {
      CHECK(finding.severity == Severity::kOk);
    }
  }
  CHECK(unverified == std::set<std::string>{"min.insync.replicas", "unclean.leader.election.enable",
                                            "cleanup.policy", "retention.ms"});
  CHECK(unsafe_reason(judge_topic(facts.topic(), facts.cluster, facts.client)) ==
        "unverified: min.insync.replicas of topic orders: TOPIC_AUTHORIZATION_FAILED, wanted: "
        "2 or more; and 3 more");
}

TEST_CASE("preflight: rights are asked for only where they are what is missing") {
  Facts facts;
  facts.topic().configs = {"_UNSUPPORTED_FEATURE", -165, {}};
  const auto wrong = facts.wrong();
  REQUIRE(wrong.size() == 4);
  for (const Finding& each : wrong) {
    CHECK(each.severity == Severity::kUnverified);
    CHECK(each.fix == "kafka-broker-api-versions.sh --bootstrap-server k:9092");
  }
}

TEST_CASE("preflight: a setting the broker leaves out, or no number, is unverified") {
  for (const char* name : {"min.insync.replicas", "unclean.leader.election.enable",
                           "max.message.bytes", "cleanup.policy", "retention.bytes"}) {
    Facts facts;
    facts.topic().configs.values.erase(name);
    INFO(name);
    const auto wrong = facts.wrong();
    REQUIRE_FALSE(wrong.empty());
    for (const Finding& each : wrong) CHECK(each.severity == Severity::kUnverified);
  }
  Facts facts;
  facts.set("retention.bytes", "many");
  REQUIRE(facts.wrong().size() == 1);
  CHECK(facts.wrong()[0].severity == Severity::kUnverified);
}

TEST_CASE("preflight: a source is named as the broker has it") {
  const ConfigValue value{
      "60", ConfigSource::kBrokerFile, {{"log.retention.ms", "60", ConfigSource::kBrokerFile}}};
  CHECK(source_of("retention.ms", value) == "server.properties (log.retention.ms)");
  CHECK(source_of("log.retention.ms", value) == "server.properties");
}

TEST_CASE("preflight: with fewer than three brokers it says what can be had") {
  Facts facts;
  facts.cluster.brokers.resize(1);
  facts.topic().partitions = {{0, 1, {1}, {1}}, {1, 1, {1}, {1}}};
  const auto wrong = facts.wrong();
  const auto of = [&](Check check) {
    return *std::ranges::find_if(wrong, [&](const auto& each) { return each.check == check; });
  };
  CHECK(of(Check::kBrokers).loss.find("one copy") != std::string::npos);
  CHECK(of(Check::kReplicationFactor).fix == "add brokers first: 1 are alive, 3 are needed");
  facts.cluster.brokers.push_back({2, "", Facts::known()});
  CHECK(judge_cluster(facts.cluster, facts.client)[0].loss.find("with two") != std::string::npos);
}

TEST_CASE("preflight: new replicas keep the old ones first and spread") {
  Facts facts;
  facts.topic().partitions = {{0, 2, {2}, {2}}, {1, 2, {2}, {2}}, {2, 2, {2}, {2}}};
  CHECK(reassignment(facts.topic(), facts.cluster.brokers) ==
        R"({"version":1,"partitions":[{"topic":"orders","partition":0,"replicas":[2,1,3]},)"
        R"({"topic":"orders","partition":1,"replicas":[2,3,1]},)"
        R"({"topic":"orders","partition":2,"replicas":[2,3,1]}]})");
}

TEST_CASE("preflight: our own side as librdkafka has it") {
  RelayOptions options;
  options.bootstrap_servers = "127.0.0.1:1";
  options.kafka_properties["retry.backoff.ms"] = "77";
  options.kafka_properties["sasl.username"] = "relay";
  ClientFacts client = client_facts(options);
  CHECK(client.principal == "User:relay");
  REQUIRE(read_properties(options, client).ok());
  CHECK(client.properties.at("retry.backoff.ms").value == "77");
  CHECK(client.properties.at("retry.backoff.ms").source == "[kafka] or -X");
  CHECK(client.properties.at("message.timeout.ms").value == "0");
  CHECK(client.properties.at("acks").source == "the relay");
  CHECK(worst(judge_client(client)) <= Severity::kNote);
}

}  // namespace
}  // namespace outbox::kafka

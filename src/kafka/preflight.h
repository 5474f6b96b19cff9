#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kafka/cluster_facts.h"

/// Judges whether what Kafka confirms can be lost: facts in, findings out. Pure.
namespace outbox::kafka {

/// From harmless to grave.
enum class Severity : std::uint8_t {
  kOk,
  kNote,        ///< good to know; nobody has to act
  kWarning,     ///< loses nothing that was confirmed by itself
  kUnverified,  ///< may be anything: it could not be read
  kFailure,     ///< confirmed messages can be lost, or their order broken
};
/// "ok", "note", "warning", "unverified", "failure".
std::string_view word_of(Severity severity);

enum class Scope : std::uint8_t { kTopic, kCluster, kBroker, kClient };

enum class Check : std::uint8_t {
#define OUTBOX_ROW(name, scope, setting, severity, wanted, loss, fix) name,
#include "kafka/check_rows.inc"
#undef OUTBOX_ROW
};

/// One row of the table: docs/preflight.md is written from it.
struct CheckRow {
  Check check;
  Scope scope;
  std::string_view setting;
  Severity severity;  ///< when it does not hold
  std::string_view wanted;
  std::string_view loss;  ///< what can be lost then
  std::string_view fix;   ///< the command, with places to be filled in
};
std::span<const CheckRow> check_rows();
const CheckRow& row_of(Check check);

/// Is it a setting of a topic or broker that a row looks at?
bool judged(std::string_view setting);

/// What was found of one row.
struct Finding {
  Check check = Check::kTopicThere;
  Severity severity = Severity::kOk;
  std::string subject;  ///< "topic orders", "broker 2", "cluster", "this relay"
  std::string value;    ///< or why there is none
  std::string source;   ///< who set it
  std::string loss;     ///< empty when all is well
  std::string fix;      ///< likewise

  friend bool operator==(const Finding&, const Finding&) = default;
};

/// A librdkafka property as it holds, and who set it.
struct ClientProperty {
  std::string value;
  std::string source;
};

/// Of our own side.
struct ClientFacts {
  std::string bootstrap_servers;
  /// Who asks, as Kafka names it; only for commands that give rights.
  std::string principal = "User:NAME";
  /// The main producer's effective values.
  std::map<std::string, ClientProperty, std::less<>> properties;
  std::int64_t slow_start_idle_ms = 0;
  std::int64_t old_after_ms = 0;
  std::int64_t message_bytes_max = 0;  ///< 0 = not known here
};

std::vector<Finding> judge_topic(const TopicFacts& topic, const ClusterFacts& cluster,
                                 const ClientFacts& client);
/// The brokers, one by one and together.
std::vector<Finding> judge_cluster(const ClusterFacts& cluster, const ClientFacts& client);
std::vector<Finding> judge_client(const ClientFacts& client);

Severity worst(std::span<const Finding> findings);

/// Why nothing should be sent to a topic of which this was found; empty = it may be. What could
/// not be verified is no permission.
std::string unsafe_reason(std::span<const Finding> findings);

/// Limits of the judgement.
inline constexpr std::int64_t kReplicasMin = 3;
inline constexpr std::int64_t kInSyncMin = 2;
inline constexpr std::int64_t kRetentionMinMs = 60LL * 60 * 1'000;
/// An outage over a long weekend.
inline constexpr std::int64_t kOutageMs = 3LL * 24 * 60 * 60 * 1'000;
inline constexpr std::int64_t kRetentionBytesMin = std::int64_t{1} << 30;
/// What the batch, its record and our headers add to a message.
inline constexpr std::int64_t kRecordOverheadBytes = 4'096;
inline constexpr std::int64_t kInFlightMax = 5;

}  // namespace outbox::kafka

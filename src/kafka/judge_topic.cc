// The rows that look at a topic.
#include <algorithm>
#include <limits>

#include "kafka/preflight.h"
#include "kafka/verdict.h"

namespace outbox::kafka {
namespace {

constexpr std::string_view kLogAppendTime = "LogAppendTime";
constexpr std::int64_t kForever = -1;

/// What a row may look at. An answer of none: the row says nothing about this topic.
struct View {
  const TopicFacts& topic;
  const ClusterFacts& cluster;
  const ClientFacts& client;

  std::int64_t replication_factor() const {
    std::size_t least = std::numeric_limits<std::size_t>::max();
    for (const PartitionFacts& each : topic.partitions) {
      least = std::min(least, each.replicas.size());
    }
    return topic.partitions.empty() ? 0 : static_cast<std::int64_t>(least);
  }
  bool has(std::string_view name) const { return topic.configs.find(name) != nullptr; }
  bool says(std::string_view name, std::string_view value) const {
    const ConfigValue* found = topic.configs.find(name);
    return found != nullptr && found->value.find(value) != std::string::npos;
  }
  bool deletes() const { return says("cleanup.policy", "delete"); }
  bool broker_time() const { return says("message.timestamp.type", kLogAppendTime); }
};

using Judged = std::optional<Verdict>;

/// The setting's value, and whether `holds` says yes to it.
template <typename Holds>
Verdict of_number(const View& view, std::string_view name, Holds holds) {
  const ConfigValue* found = view.topic.configs.find(name);
  if (found == nullptr) return unknown("the broker does not tell it");
  const auto number = number_of(found->value);
  if (!number) return unknown("not a number: " + found->value);
  return {.holds = holds(*number), .value = found->value, .source = source_of(name, *found)};
}

/// Only for a topic that exists and may be looked at.
Judged replication_factor(const View& view) {
  const std::int64_t factor = view.replication_factor();
  Verdict out{.holds = factor >= kReplicasMin, .value = std::to_string(factor), .source = "topic"};
  return out;
}

Judged min_in_sync(const View& view) {
  return of_number(view, "min.insync.replicas", [](auto n) { return n >= kInSyncMin; });
}

Judged min_in_sync_room(const View& view) {
  const std::int64_t factor = view.replication_factor();
  // With too few copies that there is no room is the smaller trouble.
  if (factor < kReplicasMin) return {};
  Verdict out = of_number(view, "min.insync.replicas", [&](auto n) { return n < factor; });
  out.fix_value = std::to_string(std::max(factor - 1, std::int64_t{1}));
  return out;
}

Judged unclean_election(const View& view) {
  const std::string_view name = "unclean.leader.election.enable";
  const ConfigValue* found = view.topic.configs.find(name);
  if (found == nullptr) return unknown("the broker does not tell it");
  return Verdict{
      .holds = found->value == "false", .value = found->value, .source = source_of(name, *found)};
}

std::string listed(const std::vector<std::int32_t>& ids) {
  constexpr std::size_t kNamedMax = 5;
  std::string out;
  for (std::size_t i = 0; i < std::min(ids.size(), kNamedMax); ++i) {
    out += (i == 0 ? "" : ", ") + std::to_string(ids[i]);
  }
  return ids.size() > kNamedMax ? out + " and " + std::to_string(ids.size() - kNamedMax) + " more"
                                : out;
}

Judged leaders(const View& view) {
  std::vector<std::int32_t> without;
  for (const PartitionFacts& each : view.topic.partitions) {
    if (each.leader < 0) without.push_back(each.id);
  }
  if (without.empty()) return Verdict{.holds = true, .value = "all"};
  return Verdict{.value = "none: partition " + listed(without)};
}

Judged in_sync_now(const View& view) {
  std::vector<std::int32_t> short_of;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const PartitionFacts& each : view.topic.partitions) {
    if (each.in_sync.size() < each.replicas.size()) short_of.push_back(each.id);
    least = std::min(least, each.in_sync.size());
  }
  if (short_of.empty()) return Verdict{.holds = true, .value = "all"};
  return Verdict{.value = std::to_string(least) + " of " +
                          std::to_string(view.replication_factor()) + ": partition " +
                          listed(short_of)};
}

/// nullopt: what the outbox takes is not known.
std::optional<std::int64_t> wanted_bytes(const ClientFacts& client) {
  if (client.message_bytes_max == 0) return {};
  return client.message_bytes_max + kRecordOverheadBytes;
}

Judged message_bytes(const View& view) {
  const auto wanted = wanted_bytes(view.client);
  if (!wanted) return {};
  Verdict out = of_number(view, "max.message.bytes", [&](auto n) { return n >= *wanted; });
  out.fix_value = std::to_string(*wanted);
  return out;
}

Judged cleanup_policy(const View& view) {
  const ConfigValue* found = view.topic.configs.find("cleanup.policy");
  if (found == nullptr) return unknown("the broker does not tell it");
  return Verdict{.holds = found->value.find("compact") == std::string::npos,
                 .value = found->value,
                 .source = source_of("cleanup.policy", *found)};
}

Judged retention(const View& view) {
  if (view.has("cleanup.policy") && !view.deletes()) return {};
  return of_number(view, "retention.ms",
                   [](auto ms) { return ms == kForever || ms >= kRetentionMinMs; });
}

Judged retention_outage(const View& view) {
  if (!view.deletes() || view.broker_time()) return {};
  Verdict out =
      of_number(view, "retention.ms", [](auto ms) { return ms == kForever || ms >= kOutageMs; });
  const auto ms = number_of(out.value);
  // Said by the row above, more gravely.
  if (ms && *ms != kForever && *ms < kRetentionMinMs) return {};
  return out;
}

Judged retention_backlog(const View& view) {
  if (!view.deletes() || view.broker_time() || view.topic.oldest_age_ms == 0) return {};
  Verdict out = of_number(view, "retention.ms",
                          [&](auto ms) { return ms == kForever || ms > view.topic.oldest_age_ms; });
  if (out.known) {
    out.value +=
        ", the oldest entry has waited " + std::to_string(view.topic.oldest_age_ms) + " ms";
  }
  return out;
}

Judged retention_bytes(const View& view) {
  if (view.has("cleanup.policy") && !view.deletes()) return {};
  return of_number(view, "retention.bytes",
                   [](auto bytes) { return bytes == kForever || bytes >= kRetentionBytesMin; });
}

/// Kafka has one of the two, by its version.
Judged timestamps(const View& view, std::string_view name) {
  if (!view.has(name) || view.broker_time()) return {};
  return of_number(view, name, [](auto ms) { return ms >= kOutageMs; });
}
Judged timestamp_before(const View& view) {
  return timestamps(view, "message.timestamp.before.max.ms");
}
Judged timestamp_difference(const View& view) {
  return timestamps(view, "message.timestamp.difference.max.ms");
}

Judged partition_count(const View& view) {
  const std::int32_t recorded = view.topic.recorded_partitions;
  if (recorded == 0) return {};
  const auto count = static_cast<std::int32_t>(view.topic.partitions.size());
  return Verdict{.holds = count >= recorded,
                 .value = std::to_string(count) + ", recorded " + std::to_string(recorded),
                 .source = "topic"};
}

struct Row {
  Check check;
  bool needs_configs;
  Judged (*judge)(const View& view);
};

constexpr Row kJudges[] = {
    {Check::kReplicationFactor, false, replication_factor},
    {Check::kMinInSync, true, min_in_sync},
    {Check::kMinInSyncRoom, true, min_in_sync_room},
    {Check::kUncleanElection, true, unclean_election},
    {Check::kLeaders, false, leaders},
    {Check::kInSyncNow, false, in_sync_now},
    {Check::kMessageBytes, true, message_bytes},
    {Check::kCleanupPolicy, true, cleanup_policy},
    {Check::kRetention, true, retention},
    {Check::kRetentionOutage, true, retention_outage},
    {Check::kRetentionBacklog, true, retention_backlog},
    {Check::kRetentionBytes, true, retention_bytes},
    {Check::kTimestampBefore, true, timestamp_before},
    {Check::kTimestampDifference, true, timestamp_difference},
    {Check::kPartitionCount, false, partition_count},
};

/// One line for each setting, not for each row that looks at it: nobody can read any of them.
constexpr Check kUnreadable[] = {Check::kMinInSync, Check::kUncleanElection, Check::kCleanupPolicy,
                                 Check::kRetention};

Verdict there(const TopicFacts& topic, const ClientFacts& client) {
  constexpr std::int32_t kUnknownTopic = 3;
  if (topic.trouble.empty()) return {.holds = true, .value = "yes"};
  if (topic.error != kUnknownTopic) return unknown(topic.trouble, topic.error);
  Verdict out{.value = "no: " + topic.trouble};
  if (const auto bytes = wanted_bytes(client)) {
    out.fix_value = " --config max.message.bytes=" + std::to_string(*bytes);
  }
  return out;
}

}  // namespace

std::vector<Finding> judge_topic(const TopicFacts& topic, const ClusterFacts& cluster,
                                 const ClientFacts& client) {
  const View view{topic, cluster, client};
  const std::string subject = "topic " + topic.name;
  const Places places{client.bootstrap_servers, topic.name, {}, client.principal, {}};
  std::vector<Finding> out{finding_of(Check::kTopicThere, subject, there(topic, client), places)};
  if (!topic.trouble.empty()) return out;
  for (const Row& row : kJudges) {
    if (row.needs_configs && !topic.configs.known()) {
      if (std::ranges::find(kUnreadable, row.check) == std::end(kUnreadable)) continue;
      out.push_back(finding_of(row.check, subject,
                               unknown(topic.configs.trouble, topic.configs.error), places));
      continue;
    }
    const Judged verdict = row.judge(view);
    if (!verdict) continue;
    Places filled = places;
    if (row.check == Check::kReplicationFactor && !verdict->holds) {
      filled.replicas = reassignment(topic, cluster.brokers);
    }
    out.push_back(finding_of(row.check, subject, *verdict, filled));
    if (row.check == Check::kReplicationFactor && !verdict->holds && filled.replicas.empty()) {
      out.back().fix = "add brokers first: " + std::to_string(cluster.brokers.size()) +
                       " are alive, 3 are needed";
    }
  }
  return out;
}

}  // namespace outbox::kafka

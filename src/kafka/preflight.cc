#include "kafka/preflight.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/mutant.h"
#include "kafka/verdict.h"

namespace outbox::kafka {
namespace {

constexpr auto kRows = std::to_array<CheckRow>({
#define OUTBOX_ROW(name, scope, setting, severity, wanted, loss, fix) \
  {Check::name, Scope::scope, setting, Severity::severity, wanted, loss, fix},
#include "kafka/check_rows.inc"
#undef OUTBOX_ROW
});

/// Looked at by rows that judge another setting.
constexpr auto kAlsoJudged =
    std::to_array<std::string_view>({"message.timestamp.type", "inter.broker.protocol.version"});

constexpr std::string_view kRights =
    "kafka-acls.sh --bootstrap-server {B} --add --allow-principal {P} --operation Describe "
    "--operation DescribeConfigs --topic {T}";
/// Shows whether a broker answers, and which questions.
constexpr std::string_view kVersions = "kafka-broker-api-versions.sh --bootstrap-server {B}";
// rd_kafka_resp_err_t
constexpr std::int32_t kTopicDenied = 29;
constexpr std::int32_t kClusterDenied = 31;
constexpr std::string_view kClusterRights =
    "kafka-acls.sh --bootstrap-server {B} --add --allow-principal {P} --operation DescribeConfigs "
    "--cluster";

void put(std::string& text, std::string_view place, std::string_view value) {
  for (auto at = text.find(place); at != std::string::npos;
       at = text.find(place, at + value.size())) {
    text.replace(at, place.size(), value);
  }
}

std::string filled(std::string_view command, const Places& places, const Verdict& verdict) {
  std::string out(command);
  put(out, "{B}", places.bootstrap);
  put(out, "{T}", places.topic);
  put(out, "{N}", places.broker);
  put(out, "{P}", places.principal);
  put(out, "{R}", places.replicas);
  put(out, "{V}", verdict.fix_value);
  return out;
}

}  // namespace

std::string_view word_of(Severity severity) {
  switch (severity) {
    case Severity::kOk:
      return "ok";
    case Severity::kNote:
      return "note";
    case Severity::kWarning:
      return "warning";
    case Severity::kUnverified:
      return "unverified";
    case Severity::kFailure:
      return "failure";
  }
  return {};
}

std::span<const CheckRow> check_rows() { return kRows; }

const CheckRow& row_of(Check check) { return kRows[static_cast<std::size_t>(check)]; }

bool judged(std::string_view setting) {
  return std::ranges::find(kAlsoJudged, setting) != kAlsoJudged.end() ||
         std::ranges::find(kRows, setting, &CheckRow::setting) != kRows.end();
}

Severity worst(std::span<const Finding> findings) {
  Severity out = Severity::kOk;
  for (const Finding& finding : findings) out = std::max(out, finding.severity);
  return out;
}

std::string unsafe_reason(std::span<const Finding> findings) {
  const auto grave = [](const Finding& each) { return each.severity >= Severity::kUnverified; };
  const auto first = std::ranges::max_element(findings, {}, &Finding::severity);
  if (first == findings.end() || !grave(*first)) return {};
  const CheckRow& row = row_of(first->check);
  std::string out = first->severity == Severity::kFailure ? "unsafe: " : "unverified: ";
  out += std::string(row.setting) + " of " + first->subject + ": " + first->value;
  if (!first->source.empty()) out += " (" + first->source + ")";
  out += ", wanted: " + std::string(row.wanted);
  const auto others = std::ranges::count_if(findings, grave) - 1;
  return others == 0 ? out : out + "; and " + std::to_string(others) + " more";
}

Verdict unknown(std::string why, std::int32_t error) {
  const bool denied = error == kTopicDenied || error == kClusterDenied;
  return {.known = false, .denied = denied, .value = std::move(why)};
}

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return {};
  return value;
}

std::string source_of(std::string_view setting, const ConfigValue& value) {
  std::string out(text_of(value.source));
  const bool renamed = !value.synonyms.empty() && value.synonyms.front().name != setting;
  return renamed ? out + " (" + value.synonyms.front().name + ")" : out;
}

Finding finding_of(Check check, std::string subject, const Verdict& verdict, Places places) {
  const CheckRow& row = row_of(check);
  Finding out{check, Severity::kOk, std::move(subject), verdict.value, verdict.source, {}, {}};
  if (!verdict.known) {
    out.severity = mutant(Mutant::kUnverifiedIsFine) ? Severity::kOk : Severity::kUnverified;
    out.loss = "It could not be read, so the worst must be assumed. " + std::string(row.loss);
    const std::string_view rights = row.scope == Scope::kTopic ? kRights : kClusterRights;
    out.fix = filled(verdict.denied ? rights : kVersions, places, verdict);
  } else if (!verdict.holds) {
    out.severity = row.severity;
    out.loss = verdict.loss.empty() ? std::string(row.loss) : verdict.loss;
    out.fix = filled(row.fix, places, verdict);
  }
  return out;
}

std::string reassignment(const TopicFacts& topic, const std::vector<BrokerFacts>& brokers) {
  std::string out;
  for (const PartitionFacts& partition : topic.partitions) {
    std::vector<std::int32_t> replicas = partition.replicas;
    // Each partition begins with another broker, so that the copies spread.
    for (std::size_t i = 0; i < brokers.size(); ++i) {
      const auto from = static_cast<std::size_t>(partition.id);
      const std::int32_t id = brokers[(from + i) % brokers.size()].id;
      const bool has = std::ranges::find(replicas, id) != replicas.end();
      if (!has && replicas.size() < static_cast<std::size_t>(kReplicasMin)) replicas.push_back(id);
    }
    if (replicas.size() < static_cast<std::size_t>(kReplicasMin)) return {};
    std::string ids;
    for (const std::int32_t id : replicas) ids += (ids.empty() ? "" : ",") + std::to_string(id);
    out += std::string(out.empty() ? "" : ",") + R"({"topic":")" + topic.name +
           R"(","partition":)" + std::to_string(partition.id) + R"(,"replicas":[)" + ids + "]}";
  }
  return R"({"version":1,"partitions":[)" + out + "]}";
}

}  // namespace outbox::kafka

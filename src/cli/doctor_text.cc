#include "cli/doctor_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/output.h"
#include "service/json_out.h"
#include "service/text.h"

namespace outbox::cli {
namespace {

using kafka::Finding;
using kafka::Severity;

constexpr std::size_t kCellWidth = 60;
constexpr Severity kFromGrave[] = {Severity::kFailure, Severity::kUnverified, Severity::kWarning};

std::size_t count_of(std::span<const Finding> findings, Severity severity) {
  return static_cast<std::size_t>(std::ranges::count(findings, severity, &Finding::severity));
}

std::string trouble(const Finding& finding) {
  const kafka::CheckRow& row = kafka::row_of(finding.check);
  std::string out = std::string(kafka::word_of(finding.severity)) + ": " +
                    std::string(row.setting) + " of " + finding.subject + ": " + finding.value;
  if (!finding.source.empty()) out += " (" + finding.source + ")";
  out += ", wanted: " + std::string(row.wanted) + "\n";
  if (!finding.loss.empty()) out += "  " + finding.loss + "\n";
  if (!finding.fix.empty()) out += "    " + finding.fix + "\n";
  return out;
}

}  // namespace

std::string doctor_for_people(std::span<const Finding> findings) {
  std::vector<std::vector<std::string>> rows{{"", "OF", "SETTING", "VALUE", "SET BY", "WANTED"}};
  for (const Finding& finding : findings) {
    const kafka::CheckRow& row = kafka::row_of(finding.check);
    rows.push_back({std::string(kafka::word_of(finding.severity)), finding.subject,
                    std::string(row.setting), service::printable(finding.value, kCellWidth),
                    service::printable(finding.source, kCellWidth), std::string(row.wanted)});
  }
  std::string out = table(rows);
  for (const Severity severity : kFromGrave) {
    for (const Finding& finding : findings) {
      if (finding.severity == severity) out += "\n" + trouble(finding);
    }
  }
  return out;
}

std::string doctor_for_programs(const kafka::ClusterFacts& cluster,
                                std::span<const Finding> findings) {
  nlohmann::ordered_json json;
  json["verdict"] = kafka::word_of(std::max(kafka::worst(findings), Severity::kOk));
  for (const Severity severity : kFromGrave) {
    json["counts"][std::string(kafka::word_of(severity))] = count_of(findings, severity);
  }
  json["brokers"] = nlohmann::ordered_json::array();
  for (const kafka::BrokerFacts& broker : cluster.brokers) {
    json["brokers"].push_back({{"id", broker.id}, {"address", broker.address}});
  }
  json["findings"] = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    const kafka::CheckRow& row = kafka::row_of(finding.check);
    json["findings"].push_back({{"severity", kafka::word_of(finding.severity)},
                                {"subject", finding.subject},
                                {"setting", row.setting},
                                {"value", finding.value},
                                {"source", finding.source},
                                {"wanted", row.wanted},
                                {"loss", finding.loss},
                                {"fix", finding.fix}});
  }
  return service::json_text(json) + "\n";
}

std::string doctor_summary(std::span<const Finding> findings) {
  std::string out;
  for (const Severity severity : kFromGrave) {
    const std::size_t count = count_of(findings, severity);
    if (count == 0) continue;
    out += (out.empty() ? "" : ", ") + std::to_string(count) + " " +
           std::string(kafka::word_of(severity));
    if (count > 1 && severity != Severity::kUnverified) out += "s";
  }
  return out;
}

}  // namespace outbox::cli

// What the preflight found, told to the core, the log and whoever asks.
#include <algorithm>

#include "relay/driver.h"

namespace outbox::relay {

void Driver::feed_findings(std::int64_t now_ms, LaneId lane, const kafka::Findings& findings) {
  Lanes::Lane& known = lanes_.get(lane);
  if (findings == nullptr || findings == known.findings) return;
  for (const kafka::Finding& finding : *findings) {
    const kafka::Findings& before = known.findings;
    const bool said = before && std::ranges::find(*before, finding) != before->end();
    if (!said) log_finding(now_ms, known.topic, finding);
  }
  known.findings = findings;
  core_.topic_safety(now_ms, lane, kafka::unsafe_reason(*findings));
}

void Driver::log_finding(std::int64_t now_ms, const std::string& topic,
                         const kafka::Finding& finding) {
  const bool grave = finding.severity >= kafka::Severity::kUnverified;
  const auto level = grave ? spdlog::level::warn : spdlog::level::info;
  if (!log_->should_log(level) || !admit(LogKind::kPreflight, now_ms)) return;
  const kafka::CheckRow& row = kafka::row_of(finding.check);
  log_->log(level, "topic {}: preflight: {}: {} of {}: {}{}, wanted: {}. {} Command: {}", topic,
            kafka::word_of(finding.severity), row.setting, finding.subject, finding.value,
            finding.source.empty() ? "" : " (" + finding.source + ")", row.wanted, finding.loss,
            finding.fix);
}

// Under core_mutex_.
void Driver::add_findings(RelayStats& out) const {
  lanes_.each([&](LaneId lane) {
    const Lanes::Lane& known = lanes_.get(lane);
    if (known.findings == nullptr) return;
    std::vector<PreflightFinding>& to = out.preflight[known.topic];
    for (const kafka::Finding& finding : *known.findings) {
      to.push_back({std::string(kafka::row_of(finding.check).setting), finding.subject,
                    std::string(kafka::word_of(finding.severity))});
    }
  });
}

}  // namespace outbox::relay

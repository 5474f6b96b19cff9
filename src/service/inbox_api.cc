#include "service/inbox_api.h"

#include <prometheus/text_serializer.h>

#include "service/metric_families.h"

namespace outbox::service {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

struct InboxMetric {
  const char* name;
  const char* help;
  MetricType type;
  std::uint64_t InboxStats::*value;
};

const InboxMetric kInboxMetrics[] = {
    {"outbox_inbox_received_total", "Messages that Kafka gave", MetricType::Counter,
     &InboxStats::received},
    {"outbox_inbox_processed_total", "Messages that the handler took, effects written",
     MetricType::Counter, &InboxStats::processed},
    {"outbox_inbox_duplicates_total", "Messages dropped as repeats", MetricType::Counter,
     &InboxStats::duplicates},
    {"outbox_inbox_late_total", "Messages that came after their successors and were let through",
     MetricType::Counter, &InboxStats::late},
    {"outbox_inbox_gaps_opened_total", "Times that outbox-prev named a message that had not come",
     MetricType::Counter, &InboxStats::gaps_opened},
    {"outbox_inbox_gaps_merged_total",
     "Gaps joined at their limit: a repeat within may be let through", MetricType::Counter,
     &InboxStats::gaps_merged},
    {"outbox_inbox_sessions_forgotten_total", "Sessions whose repeats are recognised no longer",
     MetricType::Counter, &InboxStats::sessions_forgotten},
    {"outbox_inbox_skipped_done_total", "Messages finished before a restart, above the position",
     MetricType::Counter, &InboxStats::skipped_done},
    {"outbox_inbox_retried_total", "Calls of the handler for a message that it had failed",
     MetricType::Counter, &InboxStats::retried},
    {"outbox_inbox_dead_lettered_total", "Messages that went to the dead-letter topic",
     MetricType::Counter, &InboxStats::dead_lettered},
    {"outbox_inbox_possible_repeats_total", "Messages that may have been processed twice",
     MetricType::Counter, &InboxStats::possible_repeats},
    {"outbox_inbox_commits_total", "Commits to Kafka", MetricType::Counter, &InboxStats::commits},
    {"outbox_inbox_rebalances_total", "Assignments and revocations", MetricType::Counter,
     &InboxStats::rebalances},
    {"outbox_inbox_queued_messages", "Messages that wait for a worker or are in its hands",
     MetricType::Gauge, &InboxStats::queued},
    {"outbox_inbox_queued_bytes", "Their bytes", MetricType::Gauge, &InboxStats::queued_bytes},
};

/// Of "topic/partition".
MetricLabels labels_of(const std::string& where) {
  const auto slash = where.rfind('/');
  return {{"topic", where.substr(0, slash)}, {"partition", where.substr(slash + 1)}};
}

}  // namespace

std::string inbox_metrics(const InboxStats& stats, bool healthy) {
  MetricFamilies families;
  for (const InboxMetric& metric : kInboxMetrics) {
    add_metric(families, metric.name, metric.help, metric.type,
               static_cast<double>(stats.*metric.value));
  }
  add_metric(families, "outbox_inbox_healthy", "1: it works; 0: it stopped by itself",
             MetricType::Gauge, healthy ? 1 : 0);
  MetricFamily& positions = add_family(families, "outbox_inbox_position",
                                       "First offset that is not applied; of each "
                                       "partition that it has",
                                       MetricType::Gauge);
  for (const auto& [where, offset] : stats.positions) {
    add_value(positions, labels_of(where), static_cast<double>(offset));
  }
  MetricFamily& halted = add_family(families, "outbox_inbox_halted",
                                    "1: the partition waits for resume()", MetricType::Gauge);
  for (const auto& [where, offset] : stats.positions) {
    add_value(halted, labels_of(where), stats.halted.contains(where) ? 1 : 0);
  }
  return prometheus::TextSerializer().Serialize(families);
}

HttpResponse answer_for(const Inbox& inbox, const HttpRequest& request) {
  if (request.method != "GET") return text_response(405, "only GET\n");
  if (request.path == "/livez") return text_response(200, "alive\n");
  const Status health = inbox.health();
  if (request.path == "/metrics") {
    return text_response(200, inbox_metrics(inbox.stats(), health.ok()), kMetricsType);
  }
  if (request.path != "/readyz") return text_response(404, "no such path; see docs/http.md\n");
  if (health.ok()) return text_response(200, "ready\n");
  return text_response(503, "not ready: " + health.message() + "\n");
}

}  // namespace outbox::service

#include "service/metrics.h"

#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "service/metric_families.h"

namespace outbox::service {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

/// An fsync takes 50 us on a good drive and seconds on a bad day.
const prometheus::Histogram::BucketBoundaries& append_buckets() {
  static const prometheus::Histogram::BucketBoundaries kBuckets{
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
  return kBuckets;
}

/// A metric with one value a topic.
struct TopicMetric {
  const char* name;
  const char* help;
  MetricType type;
  double (*value)(const LaneStats& lane);
};

const TopicMetric kTopicMetrics[] = {
    {"outbox_appended_total", "Entries made durable in the outbox", MetricType::Counter,
     [](const LaneStats& l) { return static_cast<double>(l.ledger.appended); }},
    {"outbox_delivered_total", "Entries confirmed by Kafka with an offset", MetricType::Counter,
     [](const LaneStats& l) { return static_cast<double>(l.ledger.delivered); }},
    {"outbox_requeued_total", "Dead letters that were appended again", MetricType::Counter,
     [](const LaneStats& l) { return static_cast<double>(l.ledger.requeued); }},
    {"outbox_purged_total", "Entries given up by an operator", MetricType::Counter,
     [](const LaneStats& l) { return static_cast<double>(l.ledger.purged); }},
    {"outbox_pending_entries", "Entries that wait for Kafka", MetricType::Gauge,
     [](const LaneStats& l) { return static_cast<double>(l.ledger.pending); }},
    {"outbox_dead_entries", "Dead letters that wait for an operator", MetricType::Gauge,
     [](const LaneStats& l) { return static_cast<double>(l.ledger.dead); }},
    {"outbox_oldest_age_seconds", "Age of the oldest pending entry", MetricType::Gauge,
     [](const LaneStats& l) { return static_cast<double>(l.oldest_age_ms) / 1e3; }},
    {"outbox_ledger_balanced", "1: appended = delivered + pending + dead + requeued + purged",
     MetricType::Gauge, [](const LaneStats& l) { return l.ledger.balanced() ? 1.0 : 0.0; }},
    {"outbox_topic_flowing", "1: the topic is neither stalled, halted nor paused",
     MetricType::Gauge, [](const LaneStats& l) { return l.state == "flowing" ? 1.0 : 0.0; }},
};

void add_relay(MetricFamilies& out, const RelayStats& relay) {
  add_metric(out, "outbox_kafka_connected", "1: at least one broker is reachable",
             MetricType::Gauge, relay.connected ? 1 : 0);
  add_metric(out, "outbox_in_flight_entries", "Entries handed to Kafka and not yet confirmed",
             MetricType::Gauge, static_cast<double>(relay.in_flight_entries));
  add_metric(out, "outbox_in_flight_bytes", "Bytes handed to Kafka and not yet confirmed",
             MetricType::Gauge, static_cast<double>(relay.in_flight_bytes));
  add_metric(out, "outbox_produced_total", "Entries handed to Kafka since the relay started",
             MetricType::Counter, static_cast<double>(relay.produced));
  add_metric(out, "outbox_resent_total", "Entries handed to Kafka again: possible duplicates",
             MetricType::Counter, static_cast<double>(relay.resent));
  add_metric(out, "outbox_offsets_back_total",
             "Deliveries at an offset already given: Kafka lost confirmed messages",
             MetricType::Counter, static_cast<double>(relay.offsets_back));
  MetricFamily& findings =
      add_family(out, "outbox_preflight_findings",
                 "1: the cluster does not give what the topic needs; see outbox-relay doctor",
                 MetricType::Gauge);
  for (const auto& [topic, found] : relay.preflight) {
    for (const PreflightFinding& each : found) {
      add_value(findings,
                {{"topic", topic},
                 {"setting", each.setting},
                 {"subject", each.subject},
                 {"severity", each.severity}},
                1);
    }
  }
  MetricFamily& rebuilds = add_family(out, "outbox_producer_rebuilds_total",
                                      "New producers by reason", MetricType::Counter);
  for (const auto& [reason, count] : relay.rebuilds) {
    add_value(rebuilds, {{"reason", reason}}, static_cast<double>(count));
  }
}

}  // namespace

class Metrics::Impl {
 public:
  prometheus::Registry registry;
  prometheus::Histogram& append_seconds =
      prometheus::BuildHistogram()
          .Name("outbox_append_seconds")
          .Help("Time of an append over HTTP until it is durable")
          .Register(registry)
          .Add({}, append_buckets());
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::observe_append(double seconds) { impl_->append_seconds.Observe(seconds); }

std::string Metrics::render(const Stats& stats, const RelayStats& relay, bool ready,
                            std::uint64_t reopened) const {
  MetricFamilies families = impl_->registry.Collect();
  for (const TopicMetric& metric : kTopicMetrics) {
    MetricFamily& to = add_family(families, metric.name, metric.help, metric.type);
    for (const LaneStats& lane : stats.lanes) {
      add_value(to, {{"topic", lane.topic}}, metric.value(lane));
    }
  }
  add_metric(families, "outbox_disk_bytes", "Disk space of the store", MetricType::Gauge,
             static_cast<double>(stats.disk_bytes));
  add_metric(families, "outbox_ready", "1: messages are accepted", MetricType::Gauge,
             ready ? 1 : 0);
  add_metric(families, "outbox_reopened_total", "Times the outbox was closed and opened again",
             MetricType::Counter, static_cast<double>(reopened));
  add_relay(families, relay);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace outbox::service

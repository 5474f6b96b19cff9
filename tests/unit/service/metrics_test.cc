#include "service/metrics.h"

#include <catch2/catch.hpp>

namespace outbox::service {
namespace {

using Catch::Contains;

TEST_CASE("metrics: the ledger by topic, the relay, the latency of appends") {
  Stats stats;
  LaneStats lane;
  lane.topic = "t\"1";
  lane.ledger = {10, 4, 3, 1, 1, 1};
  lane.oldest_age_ms = 1'500;
  lane.state = "stalled: no rights";
  stats.lanes.push_back(lane);
  stats.disk_bytes = 123;
  RelayStats relay;
  relay.connected = true;
  relay.rebuilds["implicit ack"] = 2;
  relay.offsets_back = 3;
  relay.preflight["t"] = {{"min.insync.replicas", "topic t", "failure"}};
  Metrics metrics;
  metrics.observe_append(0.003);
  metrics.observe_append(100);
  const std::string text = metrics.render(stats, relay, true, 1);
  for (const char* line :
       {"outbox_appended_total{topic=\"t\\\"1\"} 10\n",
        "outbox_delivered_total{topic=\"t\\\"1\"} 4\n",
        "outbox_pending_entries{topic=\"t\\\"1\"} 3\n",
        "outbox_dead_entries{topic=\"t\\\"1\"} 1\n",
        "outbox_requeued_total{topic=\"t\\\"1\"} 1\n",
        "outbox_purged_total{topic=\"t\\\"1\"} 1\n",
        "outbox_oldest_age_seconds{topic=\"t\\\"1\"} 1.5\n",
        "outbox_ledger_balanced{topic=\"t\\\"1\"} 1\n",
        "outbox_topic_flowing{topic=\"t\\\"1\"} 0\n",
        "outbox_kafka_connected 1\n",
        "outbox_ready 1\n",
        "outbox_reopened_total 1\n",
        "outbox_producer_rebuilds_total{reason=\"implicit ack\"} 2\n",
        "outbox_preflight_findings{topic=\"t\",setting=\"min.insync.replicas\",subject=\"topic t\","
        "severity=\"failure\"} 1\n",
        "outbox_offsets_back_total 3\n",
        "outbox_append_seconds_bucket{le=\"0.0025\"} 0\n",
        "outbox_append_seconds_bucket{le=\"0.005\"} 1\n",
        "outbox_append_seconds_count 2\n",
        "# TYPE outbox_appended_total counter\n",
        "# TYPE outbox_pending_entries gauge\n"}) {
    CHECK_THAT(text, Contains(line));
  }
}

}  // namespace
}  // namespace outbox::service

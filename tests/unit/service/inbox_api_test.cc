#include "service/inbox_api.h"

#include <catch2/catch.hpp>

namespace outbox::service {
namespace {

using Catch::Contains;

TEST_CASE("inbox metrics: counters, states, and each partition it has") {
  InboxStats stats;
  stats.received = 10;
  stats.processed = 7;
  stats.duplicates = 2;
  stats.gaps_opened = 1;
  stats.possible_repeats = 4;
  stats.queued = 1;
  stats.positions = {{"a.b/0", 17}, {"a.b/12", 3}};
  stats.halted = {{"a.b/12", "offset 3: no JSON"}};
  const std::string text = inbox_metrics(stats, true);
  for (const char* line :
       {"outbox_inbox_received_total 10\n", "outbox_inbox_processed_total 7\n",
        "outbox_inbox_duplicates_total 2\n", "outbox_inbox_gaps_opened_total 1\n",
        "outbox_inbox_possible_repeats_total 4\n", "outbox_inbox_queued_messages 1\n",
        "outbox_inbox_healthy 1\n", "outbox_inbox_position{topic=\"a.b\",partition=\"0\"} 17\n",
        "outbox_inbox_position{topic=\"a.b\",partition=\"12\"} 3\n",
        "outbox_inbox_halted{topic=\"a.b\",partition=\"0\"} 0\n",
        "outbox_inbox_halted{topic=\"a.b\",partition=\"12\"} 1\n",
        "# TYPE outbox_inbox_late_total counter\n", "# TYPE outbox_inbox_position gauge\n"}) {
    CHECK_THAT(text, Contains(line));
  }
  CHECK_THAT(inbox_metrics({}, false), Contains("outbox_inbox_healthy 0\n"));
}

}  // namespace
}  // namespace outbox::service

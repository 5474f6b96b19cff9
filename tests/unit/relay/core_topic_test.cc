#include <catch2/catch.hpp>

#include "core_rig.h"
#include "relay/limits.h"

using namespace outbox;
using namespace outbox::relay;
using namespace outbox::relay::test;

TEST_CASE("nothing is handed out before metadata is there and the count is durable") {
  CoreRig rig;
  rig.bare_lane(1);
  rig.append_fresh(1, {0, 0});
  CHECK(rig.out().empty());
  CHECK(rig.state(1) == "waiting: for the topic's metadata");
  rig.auto_record = false;
  rig.leaders(1, {1, 1});
  REQUIRE(rig.records.size() == 1);
  CHECK(rig.records.at(0).count == PartitionCount{1, 2, 1'000});
  CHECK(rig.out().empty());
  rig.core->partition_count_recorded(rig.now, 1, false);
  rig.after(2'000);
  CHECK(rig.out().empty());
  REQUIRE(rig.records.size() == 2);
  rig.core->partition_count_recorded(rig.now, 1, true);
  rig.run();
  CHECK(rig.out() == "1/0/1");
}

TEST_CASE("a recorded count waits for metadata: the topic may have shrunk") {
  CoreRig rig;
  rig.lanes[1].history = {{1, 3, 1'000}};
  rig.core->add_lane(rig.now, 1, {}, 0, rig.lanes[1].history);
  rig.append(1, {0, 1, 2});
  CHECK(rig.out().empty());
  rig.leaders(1, {1, 1, 1});
  CHECK(rig.records.empty());
  CHECK(rig.out() == "1/0/1 1/1/2 1/2/3");
}

TEST_CASE("a larger count holds from the first entry that was not placed yet") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.append_fresh(1, {0, 0, 0});
  rig.auto_record = false;
  rig.leaders(1, {1, 1});
  REQUIRE(rig.records.size() == 1);
  CHECK(rig.records.at(0).count == PartitionCount{4, 2, 1'000});
  rig.deliver(1, 1);
  CHECK(rig.out() == "1/0/2 1/0/3");  // placed under the old count
  rig.append_fresh(1, {0, 0});        // placed by the driver under the old one: not taken
  CHECK(rig.core->stats().held_entries == 2);
  rig.lanes[1].partitions[3] = 1;  // under the new one
  rig.core->partition_count_recorded(rig.now, 1, true);
  rig.run();
  CHECK(rig.out() == "1/0/2 1/0/3 1/1/4 1/0/5");
  rig.deliver_all();
  CHECK(rig.progress(1).head == 6);
}

TEST_CASE("entries that were read before a count was recorded are not taken after it") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.auto_read = false;
  rig.append(1, {0, 0});
  const Read stale = rig.reads.at(0);
  rig.auto_read = true;
  rig.lanes[1].partitions[1] = 1;
  rig.leaders(1, {1, 1});
  rig.core->entries(rig.now, 1, stale.id, {}, 2);  // placed long ago
  rig.run();
  CHECK(rig.out() == "1/0/1 1/1/2");
}

TEST_CASE("after a restart a larger count holds beyond all that may have been sent") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.append(1, std::vector<std::int32_t>(500, 0));
  rig.deliver(1, 1);
  rig.restart();
  rig.leaders(1, {1, 1});
  REQUIRE(rig.records.size() == 1);
  CHECK(rig.records.at(0).count == PartitionCount{501, 2, 1'000});
}

TEST_CASE("fewer partitions than recorded: halted by name until accepted") {
  CoreRig rig;
  rig.lane(1, 3);
  rig.append_fresh(1, {0, 1, 2, 0, 2, 1});
  rig.deliver(1, 1);
  rig.deliver(1, 3);
  rig.leaders(1, {1, 1});
  CHECK(rig.state(1).starts_with("waiting: the topic has 2 partitions, 3 were recorded"));
  rig.after(kFewerGraceMs);
  CHECK(rig.state(1).starts_with("halted: the topic has 2 partitions, 3 were recorded"));
  rig.append_fresh(1, {0, 1});
  rig.leaders(1, {1, 1, 1});  // not by itself, it may be another topic
  CHECK(rig.state(1).starts_with("halted"));
  rig.leaders(1, {1, 1});
  while (!rig.sent.empty()) rig.report(1, rig.sent.front().seq, Outcome::kPurged);
  CHECK(rig.core->stats().held_entries == 0);
  CHECK(rig.out().empty());

  rig.auto_record = false;
  CHECK(rig.core->accept(rig.now, 1));
  rig.run();
  REQUIRE(rig.records.size() == 1);
  // What was sent keeps its place, the rest are placed anew; 5 has lost its partition.
  CHECK(rig.records.at(0).count == PartitionCount{6, 2, 1'000});
  rig.lanes[1].partitions = {0, 1, 2, 0, 2, 1, 0, 1};
  rig.core->partition_count_recorded(rig.now, 1, true);
  rig.run();
  rig.deliver_all();
  CHECK(rig.lanes[1].delivered == 7);
  rig.after(61'000);
  CHECK(rig.progress(1).head == 9);
  CHECK(rig.deaths.size() == 1);
  CHECK(rig.state(1) == "flowing");
}

TEST_CASE("a broker that lags and shows fewer partitions for a while holds the lane, no more") {
  CoreRig rig;
  rig.lane(1, 3);
  rig.append_fresh(1, {0, 1, 2, 0, 2, 1});
  rig.leaders(1, {1});
  rig.after(kFewerGraceMs - 1);
  rig.leaders(1, {1, 1});  // still fewer: not a second while
  rig.append_fresh(1, {0, 1, 2});
  rig.leaders(1, {1, 1, 1});
  CHECK(rig.state(1) == "flowing");
  rig.after(kFewerGraceMs);
  rig.deliver_all();
  CHECK(rig.progress(1).head == 10);
  CHECK(rig.records.empty());
  CHECK(rig.deaths.empty());
}

TEST_CASE("fewer partitions are asked about, and nobody who answers is no answer") {
  CoreRig rig;
  rig.lane(1, 3);
  rig.leaders(1, {1});
  const std::size_t asked = rig.refreshes;
  rig.after(kFewerGraceMs / 2);
  CHECK(rig.refreshes > asked + 3);
  rig.core->connected(rig.now, false);
  rig.after(2 * kFewerGraceMs);
  CHECK(rig.state(1).starts_with("waiting"));
  rig.core->connected(rig.now, true);
  rig.after(kFewerGraceMs - 1);
  CHECK(rig.state(1).starts_with("waiting"));
  rig.after(kFewerAskMs + 1);
  CHECK(rig.state(1).starts_with("halted"));
}

TEST_CASE("a count that waits to be recorded is not, once fewer are seen") {
  CoreRig rig;
  rig.lane(1, 3);
  rig.auto_record = false;
  rig.leaders(1, {1, 1, 1, 1});
  REQUIRE(rig.records.size() == 1);
  rig.core->partition_count_recorded(rig.now, 1, false);
  rig.leaders(1, {1, 1});
  rig.after(5'000);
  CHECK(rig.records.size() == 1);
}

TEST_CASE("accept does not wait for ever for entries in flight to partitions that are gone") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.append_fresh(1, {0, 1});
  rig.leaders(1, {1});
  CHECK_FALSE(rig.core->accept(rig.now, 1));  // it may be a broker that lags
  rig.after(kFewerGraceMs);
  CHECK(rig.core->accept(rig.now, 1));
  rig.run();
  CHECK(rig.rebuilds("accept") == 1);
  CHECK(rig.state(1) == "flowing");
}

TEST_CASE("an accepted count that could not be recorded in time holds for no later one") {
  CoreRig rig;
  rig.lane(1, 2);
  rig.leaders(1, {1});
  rig.after(kFewerGraceMs);
  rig.append_fresh(1, {0, 1, 0, 1});
  rig.auto_record = false;
  CHECK(rig.core->accept(rig.now, 1));
  rig.run();
  REQUIRE(rig.records.size() == 1);
  CHECK(rig.records.at(0).count == PartitionCount{1, 1, 1'000});
  rig.core->partition_count_recorded(rig.now, 1, false);
  rig.leaders(1, {1, 1});  // the topic has its partitions again: nothing to record
  rig.run();
  rig.deliver_all();
  CHECK(rig.progress(1).head == 5);
  rig.leaders(1, {1, 1, 1});
  rig.after(2'000);
  REQUIRE(rig.records.size() == 2);
  CHECK(rig.records.at(1).count == PartitionCount{5, 3, 1'000});
}

TEST_CASE("a topic that cannot be used is waited for, and shown") {
  CoreRig rig;
  rig.lane(1, 1);
  rig.core->topic_error(rig.now, 1, {kafka::Action::kUnknownTopic, "UNKNOWN_TOPIC", false});
  rig.append_fresh(1, {0});
  CHECK(rig.out().empty());
  CHECK(rig.state(1) == "waiting: UNKNOWN_TOPIC");
  rig.after(61'000);
  CHECK(rig.state(1) == "stalled: UNKNOWN_TOPIC");
  rig.leaders(1, {1});
  CHECK(rig.out() == "1/0/1");
}

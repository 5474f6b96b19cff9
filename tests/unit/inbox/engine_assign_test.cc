#include <catch2/catch.hpp>

#include "inbox/engine.h"
#include "unit/inbox/engine_rig.h"

namespace outbox::inbox {
namespace {

using namespace std::chrono_literals;
using kafka::Revoked;
using namespace outbox::inbox::test;

TEST_CASE("engine: a restart goes on where the store is, whatever Kafka's commit says") {
  for (const std::int64_t kafka_says : {0, 40, 100}) {
    Rig rig;
    append(rig, kZero, 100, 3);
    rig.start();
    REQUIRE(rig.processed(100));
    rig.engine.reset();
    rig.kafka.partitions[kZero].committed.offset = kafka_says;
    append(rig, kZero, 50, 3);
    rig.start();
    REQUIRE(rig.processed(50));
    CHECK(rig.engine->stop(5s).ok());
    CHECK(rig.calls == 150);
  }
}

TEST_CASE("engine: another store's commit that is further wins") {
  Rig rig;
  append(rig, kZero, 100, 3);
  rig.start();
  REQUIRE(rig.processed(100));
  rig.engine.reset();
  append(rig, kZero, 50, 3);
  rig.kafka.partitions[kZero].committed = {kZero, 120, "outbox-inbox:another"};
  rig.start();
  REQUIRE(rig.processed(30));
  CHECK(wait_until([&] { return rig.kafka.committed(kZero) == 150; }, kSoon));
  CHECK(rig.calls == 130);
}

TEST_CASE("engine: a partition that was paused when it went is read when it is back") {
  Rig rig;
  std::atomic<bool> fails = true;
  rig.before = [&](const Received&) {
    return fails ? Status(Code::kInvalidArgument, "not yet") : Status();
  };
  append(rig, kZero, 5, 1);
  rig.start();
  REQUIRE(wait_until([&] { return rig.kafka.paused(kZero); }, kSoon));  // as halted ones are
  rig.kafka.rebalance(Revoked{{kZero}, false});
  REQUIRE(wait_until([&] { return !rig.kafka.assigned(kZero); }, kSoon));
  fails = false;
  rig.kafka.rebalance(kafka::Assigned{{kZero}});
  CHECK(rig.processed(5));
}

TEST_CASE("engine: where it began is kept, though it dies with the first message in hand") {
  const bool plain = GENERATE(false, true);
  const bool other_store = GENERATE(false, true);
  CAPTURE(plain, other_store);
  Rig rig;
  rig.plain = plain;
  rig.options.start = InboxStart::kLatest;
  append(rig, kZero, 3, 1);
  std::atomic<bool> fails = true;
  rig.before = [&](const Received&) {
    return fails ? Status(Code::kInvalidArgument, "not yet") : Status();
  };
  rig.start();
  REQUIRE(wait_until([&] { return rig.kafka.committed(kZero) == 3; }, kSoon));
  append(rig, kZero, 2, 1);
  REQUIRE(wait_until([&] { return rig.calls > 0; }, kSoon));
  rig.engine.reset();
  if (other_store) rig.store_dir += "-of-another";  // which knows only what was committed
  append(rig, kZero, 2, 1);
  fails = false;
  rig.start();
  CHECK(rig.processed(4));
}

TEST_CASE("engine: the starts of all partitions are kept in one commit, before the first message") {
  Rig rig;
  rig.options.commit_interval_ms = 1h;
  append(rig, kZero, 3, 1);
  append(rig, kOne, 3, 1);
  std::atomic<bool> before = true;
  rig.before = [&](const Received&) {
    before = before && rig.kafka.count_commits() == 1;
    return Status();
  };
  rig.start();
  REQUIRE(rig.processed(6));
  CHECK(before);
  CHECK(rig.kafka.count_commits() == 1);
}

TEST_CASE("engine: what cannot be kept is not begun, what was committed before goes on") {
  Rig rig;
  rig.options.commit_interval_ms = 1h;
  append(rig, kZero, 3, 1);
  append(rig, kOne, 3, 1);
  rig.kafka.partitions[kOne].committed = {kOne, 1, "outbox-inbox:another"};
  rig.kafka.refuses_commits = true;
  rig.start();
  REQUIRE(rig.processed(2));
  REQUIRE(wait_until([&] { return rig.kafka.paused(kZero); }, kSoon));
  CHECK(rig.calls == 2);
  {
    const std::lock_guard lock(rig.kafka.mutex);
    rig.kafka.refuses_commits = false;
  }
  CHECK(rig.processed(5));
  CHECK(rig.kafka.committed(kZero) == 0);
}

TEST_CASE("engine: a partition whose leader is being elected is asked again") {
  Rig rig;
  append(rig, kZero, 10, 1);
  rig.kafka.electing = true;
  rig.start();
  REQUIRE(wait_until([&] { return rig.kafka.paused(kZero); }, kSoon));
  CHECK(rig.engine->health().ok());
  {
    const std::lock_guard lock(rig.kafka.mutex);
    rig.kafka.electing = false;
  }
  CHECK(rig.processed(10));
}

TEST_CASE("engine: what was done of a topic says nothing of the one made anew") {
  Rig rig;
  rig.before = [](const Received& received) {
    const bool bad = received.offset == 2 && *received.message.value == "1";
    return bad ? Status(Code::kInvalidArgument, "not this one") : Status();
  };
  append(rig, kZero, 10, 10);
  rig.start();
  REQUIRE(wait_until([&] { return rig.engine->stats().halted.contains("t/0"); }, kSoon));
  REQUIRE(rig.engine->stats().processed > 2);  // and some above it
  rig.engine.reset();
  {
    const std::lock_guard lock(rig.kafka.mutex);
    auto& partition = rig.kafka.partitions[kZero];
    partition.log.clear();
    partition.high = 0;
  }
  rig.kafka.append(kZero, "new", "100");
  rig.start();
  REQUIRE(wait_until([&] { return rig.engine->stats().halted.contains("t/0"); }, kSoon));
  CHECK(rig.engine->resume(kZero).ok());
  for (int i = 1; i < 10; ++i) rig.kafka.append(kZero, "new", "100");
  CHECK(rig.processed(10));
  CHECK(rig.sum("new") == 1'000);
}

TEST_CASE("engine: a partition that is taken away is finished and committed first") {
  Rig rig;
  Door door;
  rig.before = [&](const Received&) {
    door.pass();
    return Status();
  };
  append(rig, kZero, 1, 1);
  rig.start();
  REQUIRE(door.someone_waits());
  rig.kafka.rebalance(Revoked{{kZero}, false});
  // Still waits: it is not let go of while the handler works.
  CHECK_FALSE(wait_until([&] { return !rig.kafka.assigned(kZero); }, 50ms));
  door.open();
  CHECK(wait_until([&] { return !rig.kafka.assigned(kZero); }, kSoon));
  CHECK(rig.kafka.committed(kZero) == 1);
  CHECK(rig.sum("k0") == 1);
}

TEST_CASE("engine: what a handler does after its partition is gone is not kept") {
  Rig rig;
  rig.options.revoke_deadline_ms = 1ms;
  Door door;
  rig.before = [&](const Received&) {
    door.pass();
    return Status();
  };
  append(rig, kZero, 1, 1);
  rig.start();
  REQUIRE(door.someone_waits());
  rig.kafka.rebalance(Revoked{{kZero}, false});
  REQUIRE(wait_until([&] { return !rig.kafka.assigned(kZero); }, kSoon));
  door.open();
  REQUIRE(wait_until([&] { return rig.engine->stats().possible_repeats == 1; }, kSoon));
  CHECK(rig.sum("k0") == 0);
  rig.kafka.rebalance(kafka::Assigned{{kZero}});
  REQUIRE(rig.processed(1));
  CHECK(rig.sum("k0") == 1);
}

TEST_CASE("engine: a lost partition is not committed") {
  Rig rig;
  rig.plain = true;
  rig.options.commit_interval_ms = 1h;
  append(rig, kZero, 10, 1);
  rig.start();
  REQUIRE(rig.processed(10));
  rig.kafka.rebalance(Revoked{{kZero}, true});
  REQUIRE(wait_until([&] { return !rig.kafka.assigned(kZero); }, kSoon));
  CHECK(rig.kafka.committed(kZero) == 0);  // where it began
  CHECK(rig.told(InboxEvent::Kind::kRepeats));
  CHECK(rig.engine->stats().possible_repeats == 10);
}

TEST_CASE("engine: a lost range halts the partition until it is accepted") {
  for (const bool while_running : {false, true}) {
    Rig rig;
    append(rig, kZero, 20, 1);
    if (!while_running) {
      rig.kafka.partitions[kZero].low = 10;
      rig.kafka.partitions[kZero].committed = {kZero, 4, ""};
    }
    rig.start();
    if (while_running) {
      REQUIRE(rig.processed(20));
      const std::lock_guard lock(rig.kafka.mutex);
      auto& partition = rig.kafka.partitions[kZero];
      partition.low = partition.high = 30;
      partition.next = 20;
    }
    REQUIRE(wait_until([&] { return rig.engine->stats().halted.contains("t/0"); }, kSoon));
    const std::string range = while_running ? "20..29" : "4..9";
    CHECK(rig.engine->stats().halted["t/0"].find(range) != std::string::npos);
    const std::uint64_t before = rig.engine->stats().processed;
    append(rig, kZero, 1, 1);
    CHECK(rig.engine->resume(kZero).ok());
    CHECK(rig.processed(before + (while_running ? 1 : 11)));
  }
}

TEST_CASE("engine: a commit beyond the end halts, and is not hidden by what is read back") {
  Rig rig;
  append(rig, kZero, 20, 1);
  rig.kafka.partitions[kZero].committed = {kZero, 1'000, ""};
  rig.start();
  REQUIRE(wait_until([&] { return rig.engine->stats().halted.contains("t/0"); }, kSoon));
  CHECK(rig.engine->stats().halted["t/0"].find("20..999") != std::string::npos);
  CHECK(rig.calls == 0);
  CHECK(rig.engine->resume(kZero).ok());
  CHECK(rig.processed(20));
}

TEST_CASE("engine: brokers that do not answer are asked again, nothing is begun meanwhile") {
  Rig rig;
  append(rig, kZero, 10, 1);
  rig.kafka.down = true;
  rig.start();
  REQUIRE(wait_until([&] { return rig.kafka.paused(kZero); }, kSoon));
  CHECK(rig.calls == 0);
  {
    const std::lock_guard lock(rig.kafka.mutex);
    rig.kafka.down = false;
  }
  CHECK(rig.processed(10));
}

TEST_CASE("engine: static assignment needs no group's consent") {
  Rig rig;
  rig.options.topics.clear();
  rig.options.partitions = {{"t", {1}}};
  append(rig, kZero, 5, 1);
  append(rig, kOne, 7, 1);
  rig.start();
  REQUIRE(rig.processed(7));
  CHECK(rig.engine->stop(5s).ok());
  CHECK_FALSE(rig.kafka.assigned(kOne));  // nor does it keep it until the object goes
  CHECK(rig.kafka.committed(kZero) == -1);
  CHECK(rig.kafka.committed(kOne) == 7);
}

}  // namespace
}  // namespace outbox::inbox

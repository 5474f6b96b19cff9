#include "inbox/engine.h"

#include <catch2/catch.hpp>
#include <map>
#include <stdexcept>

#include "unit/inbox/engine_rig.h"

namespace outbox::inbox {
namespace {

using namespace std::chrono_literals;
using kafka::Revoked;
using kafka::TopicPartition;
using test::Door;
using test::kSoon;
using test::Rig;
using test::wait_until;

const TopicPartition kZero{"t", 0};
const TopicPartition kOne{"t", 1};

std::vector<Header> id(int seq) {
  return {{"outbox-id", "000000ab.1/" + std::to_string(seq)},
          {"outbox-prev", std::to_string(seq - 1)}};
}

/// Messages "1" of `count` keys in turn.
void append(Rig& rig, const TopicPartition& where, int count, int keys) {
  for (int i = 0; i < count; ++i) {
    rig.kafka.append(where, "k" + std::to_string(i % keys), "1");
  }
}

TEST_CASE("engine: all is processed once, and committed when it is") {
  Rig rig;
  append(rig, kZero, 1'000, 10);
  append(rig, kOne, 500, 5);
  rig.start();
  REQUIRE(rig.processed(1'500));
  CHECK(rig.sum("k0") == 200);
  CHECK(rig.sum("k7") == 100);
  CHECK(wait_until([&] { return rig.kafka.committed(kZero) == 1'000; }, kSoon));
  CHECK(rig.engine->stop(5s).ok());
  CHECK(rig.kafka.committed(kOne) == 500);
  CHECK(rig.calls == 1'500);
}

TEST_CASE("engine: a handler sees its own families, and not the inbox's") {
  Rig rig;
  rig.start();
  const InboxState& state = *rig.engine;
  CHECK(state.family("state") != nullptr);
  CHECK(state.family("default") != nullptr);
  CHECK(state.family("none") == nullptr);
  CHECK(state.family(Store::kFamily) == nullptr);
}

TEST_CASE("engine: the messages of a key are processed in order, by one at a time") {
  Rig rig;
  rig.options.workers = 8;
  std::mutex mutex;
  std::map<std::string, std::int64_t> last;
  bool wrong = false;
  rig.before = [&](const Received& received) {
    const std::lock_guard lock(mutex);
    std::int64_t& before = last.try_emplace(*received.message.key, -1).first->second;
    wrong = wrong || before >= received.offset;
    before = received.offset;
    return Status();
  };
  append(rig, kZero, 2'000, 37);
  rig.start();
  REQUIRE(rig.processed(2'000));
  CHECK_FALSE(wrong);
  CHECK(rig.sum("k0") == 55);  // a lost update would show
}

TEST_CASE("engine: duplicates are dropped, gaps are told and filled") {
  Rig rig;
  for (const int seq : {1, 2, 3, 2, 3, 6, 5, 5}) rig.kafka.append(kZero, "k", "1", id(seq));
  rig.start();
  REQUIRE(rig.processed(5));
  CHECK(wait_until([&] { return rig.kafka.committed(kZero) == 8; }, kSoon));
  CHECK(rig.sum("k") == 5);
  const InboxStats stats = rig.engine->stats();
  CHECK(stats.duplicates == 3);
  CHECK(stats.late == 1);
  CHECK(stats.gaps_opened == 1);
  CHECK(rig.told(InboxEvent::Kind::kGap));
}

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

TEST_CASE("engine: a slow handler holds up neither polling nor memory") {
  Rig rig;
  rig.options.queued_messages_max = 50;
  rig.options.workers = 1;
  Door door;
  rig.before = [&](const Received&) {
    door.pass();
    return Status();
  };
  append(rig, kZero, 5'000, 3);
  rig.start();
  REQUIRE(door.someone_waits());
  CHECK(wait_until([&] { return rig.kafka.paused(kZero); }, kSoon));
  const auto polls = [&] {
    const std::lock_guard lock(rig.kafka.mutex);
    return rig.kafka.polls;
  };
  const std::uint64_t before = polls();
  CHECK(wait_until([&] { return polls() > before + 20; }, kSoon));
  CHECK(rig.engine->stats().queued <= 50 + 1'000);  // and what one poll brings
  door.open();
  CHECK(rig.processed(5'000));
}

TEST_CASE("engine: a failing message is tried again, then halts its partition alone") {
  Rig rig;
  std::atomic<bool> fails = true;
  rig.before = [&](const Received& received) {
    const bool bad = fails && received.message.partition == 0 && received.offset == 3;
    return bad ? Status(Code::kInvalidArgument, "no such account") : Status();
  };
  append(rig, kZero, 10, 1);
  append(rig, kOne, 10, 1);
  rig.start();
  REQUIRE(wait_until([&] { return rig.engine->stats().halted.contains("t/0"); }, kSoon));
  CHECK(rig.engine->stats().halted["t/0"].find("no such account") != std::string::npos);
  CHECK(rig.engine->stats().halted["t/0"].find("offset 3") != std::string::npos);
  REQUIRE(rig.processed(13));
  CHECK(rig.engine->stats().retried == 2);
  CHECK(rig.told(InboxEvent::Kind::kHalted));
  CHECK(rig.engine->resume(kOne).code() == Code::kNotFound);
  fails = false;
  CHECK(rig.engine->resume(kZero).ok());
  REQUIRE(rig.processed(20));
  CHECK(rig.sum("k0") == 20);
  CHECK(rig.engine->stats().halted.empty());
}

TEST_CASE("engine: a handler that throws is one that fails") {
  Rig rig;
  rig.before = [](const Received&) -> Status { throw std::runtime_error("boom"); };
  append(rig, kZero, 1, 1);
  rig.start();
  REQUIRE(wait_until([&] { return rig.engine->stats().halted.contains("t/0"); }, kSoon));
  CHECK(rig.engine->stats().halted["t/0"].find("boom") != std::string::npos);
  CHECK(rig.calls == 3);
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
  CHECK(rig.kafka.committed(kZero) == -1);
  CHECK(rig.told(InboxEvent::Kind::kRepeats));
  CHECK(rig.engine->stats().possible_repeats == 10);
}

TEST_CASE("engine: without a store, what is done above an unfinished message is told at the end") {
  Rig rig;
  rig.plain = true;
  rig.options.attempts_max = 1'000'000;
  rig.before = [](const Received& received) {
    return received.offset == 2 ? Status(Code::kIoError, "not this one") : Status();
  };
  append(rig, kZero, 10, 10);
  rig.start();
  // The two before it, and some behind it: those of its own worker wait.
  REQUIRE(rig.processed(4));
  CHECK(rig.engine->stop(5s).ok());
  CHECK(rig.kafka.committed(kZero) == 2);
  const InboxStats stats = rig.engine->stats();
  CHECK(stats.possible_repeats == stats.processed - 2);
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

TEST_CASE("engine: plain mode knows repeats again from what it reads back") {
  Rig rig;
  rig.plain = true;
  for (int seq = 1; seq <= 10; ++seq) rig.kafka.append(kZero, "k", "1", id(seq));
  rig.start();
  REQUIRE(rig.processed(10));
  CHECK(rig.engine->stop(5s).ok());
  CHECK(rig.kafka.committed(kZero) == 10);
  for (int seq = 5; seq <= 12; ++seq) rig.kafka.append(kZero, "k", "1", id(seq));
  rig.start();
  REQUIRE(rig.processed(2));
  CHECK(wait_until([&] { return rig.kafka.committed(kZero) == 18; }, kSoon));
  CHECK(rig.calls == 12);
  CHECK(rig.engine->stats().duplicates == 6);
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
  CHECK(rig.kafka.committed(kZero) == -1);
  CHECK(rig.kafka.committed(kOne) == 7);
}

}  // namespace
}  // namespace outbox::inbox

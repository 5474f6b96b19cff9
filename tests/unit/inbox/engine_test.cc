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
using namespace outbox::inbox::test;

std::vector<Header> id(int seq) {
  return {{"outbox-id", "000000ab.1/" + std::to_string(seq)},
          {"outbox-prev", std::to_string(seq - 1)}};
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

TEST_CASE("engine: a message is not given up for what is not its fault") {
  Rig rig;
  std::atomic<bool> closed = true;
  rig.before = [&](const Received&) {
    return closed ? Status(Code::kClosed, "no more just now") : Status();
  };
  append(rig, kZero, 1, 1);
  rig.start();
  REQUIRE(wait_until([&] { return rig.calls > 10; }, kSoon));  // of 3
  CHECK(rig.engine->stats().halted.empty());
  closed = false;
  CHECK(rig.processed(1));
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

}  // namespace
}  // namespace outbox::inbox

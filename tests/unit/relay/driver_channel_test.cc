#include <catch2/catch.hpp>

#include "base/log.h"
#include "relay/channel_producer.h"
#include "support/fake_producer.h"

namespace outbox::relay {
namespace {

using Step = ChannelProducer::Step;
constexpr std::int64_t kDrainMs = 30'000;
constexpr std::int64_t kBatchBytes = 4'096;

OpenProducer wanted(Generation generation, bool drain) {
  OpenProducer out;
  out.generation = generation;
  out.max_in_flight_requests = 5;
  out.drain = drain;
  out.reason = "test";
  return out;
}

ChannelProducer make_channel(test::FakeFactory& factory) {
  return ChannelProducer(
      {Channel::kMain, &factory, -1, kDrainMs, [] { return kBatchBytes; }, null_logger()});
}

/// A channel whose first producer is there.
struct Opened {
  Opened() {
    channel.open(wanted(1, false), 0);
    REQUIRE(channel.step(0, 0) == Step::kReady);
  }
  /// And has a message.
  void produce() {
    const kafka::OutMessage message;
    REQUIRE(channel.instance()->produce(message) == 0);
  }

  test::FakeFactory factory;
  ChannelProducer channel = make_channel(factory);
};

TEST_CASE("the first producer is made at once and takes only its own generation") {
  test::FakeFactory factory;
  ChannelProducer channel = make_channel(factory);
  CHECK(channel.step(0, 0) == Step::kNothing);
  channel.open(wanted(1, false), 0);
  CHECK_FALSE(channel.takes(1));
  CHECK(channel.step(0, 0) == Step::kReady);
  CHECK(channel.takes(1));
  CHECK_FALSE(channel.takes(2));
  CHECK(factory.requests.at(0).max_in_flight == 5);
  CHECK(factory.requests.at(0).batch_bytes_max == kBatchBytes);
  CHECK(channel.next_deadline_ms() == -1);
}

TEST_CASE("a healthy producer may finish what is in flight before it is purged") {
  Opened opened;
  ChannelProducer& channel = opened.channel;
  opened.produce();
  test::FakeProducer* first = opened.factory.last;

  channel.open(wanted(2, true), 1'000);
  CHECK_FALSE(channel.takes(1));
  CHECK(channel.step(1'000, 1) == Step::kNothing);
  CHECK_FALSE(first->purged);
  CHECK(channel.next_deadline_ms() == 1'000 + kDrainMs);
  // Late, but before the deadline: no purge was needed.
  first->report(0, 7);
  CHECK(channel.step(2'000, 0) == Step::kGone);
  CHECK(channel.step(2'000, 0) == Step::kReady);
  CHECK(channel.takes(2));
}

TEST_CASE("after the deadline it is purged, and its reports are awaited before it ends") {
  Opened opened;
  ChannelProducer& channel = opened.channel;
  opened.produce();
  test::FakeProducer* first = opened.factory.last;

  channel.open(wanted(2, true), 0);
  CHECK(channel.step(kDrainMs, 1) == Step::kNothing);
  CHECK(first->purged);
  CHECK(channel.step(kDrainMs + 1, 1) == Step::kNothing);
  CHECK(opened.factory.unmade == 0);
  // Reports that never come do not hold it for ever.
  CHECK(channel.step(kDrainMs + ChannelProducer::kPurgeMs, 1) == Step::kGone);
  CHECK(opened.factory.unmade == 1);
}

TEST_CASE("an unhealthy producer is purged at once, and one that hangs is left behind") {
  Opened opened;
  ChannelProducer& channel = opened.channel;
  channel.open(wanted(2, false), 0);
  opened.factory.hangs = true;
  CHECK(channel.step(0, 5) == Step::kLeftBehind);
  CHECK(channel.step(0, 0) == Step::kReady);
}

TEST_CASE("generation 0 ends the producer and makes none, also where one was asked for") {
  Opened opened;
  ChannelProducer& channel = opened.channel;
  opened.produce();
  channel.open(wanted(2, false), 0);
  REQUIRE(channel.step(0, 1) == Step::kNothing);
  channel.open(wanted(0, false), 0);
  CHECK(channel.step(0, 1) == Step::kNothing);
  CHECK(opened.factory.unmade == 0);
  opened.factory.last->report(0, 7);
  CHECK(channel.step(0, 0) == Step::kGone);
  CHECK(channel.step(0, 0) == Step::kNothing);
  CHECK_FALSE(channel.changing());
  CHECK(channel.next_deadline_ms() == -1);
  CHECK(opened.factory.requests.size() == 1);
}

TEST_CASE("when librdkafka makes no producer it is tried again later") {
  test::FakeFactory factory;
  factory.refuse = true;
  ChannelProducer channel = make_channel(factory);
  channel.open(wanted(1, false), 0);
  CHECK(channel.step(0, 0) == Step::kNothing);
  CHECK(channel.next_deadline_ms() == ChannelProducer::kMakeAgainMs);
  factory.refuse = false;
  CHECK(channel.step(1, 0) == Step::kNothing);
  CHECK(channel.step(ChannelProducer::kMakeAgainMs, 0) == Step::kReady);
}

}  // namespace
}  // namespace outbox::relay

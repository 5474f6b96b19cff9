// One partition of six without a leader for ten minutes.

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "model/log_check.h"
#include "model/sim_driver.h"

namespace outbox::model {
namespace {

constexpr std::int32_t kPartitions = 6;
constexpr std::int32_t kSick = 2;
constexpr LaneId kLane = 0;
constexpr std::int64_t kLookMs = 1'000;
constexpr std::int64_t kAppendMs = 200;
constexpr std::uint64_t kGroup = 4;

/// A steady stream over six healthy partitions, at a pace the relay can hold.
class Stream {
 public:
  Stream() : s_(7) {
    s_.options.in_flight_entries_max = 200;
    s_.options.in_flight_bytes_max = 1'000'000;
    s_.options.keyless_block_entries = 3;
    SimTopic& topic = s_.broker.topic(kLane);
    topic.partitions.resize(kPartitions);
    for (SimPartition& p : topic.partitions) p.leader = 1;
    s_.store.lane(kLane);
    birth();
    append_for_ever();
    look_for_ever();
  }

  void birth() {
    driver_ = std::make_unique<SimDriver>(s_);
    driver_->start();
  }
  void kill() {
    driver_->check_before_kill();
    driver_.reset();
    s_.store.kill();
    birth();
  }
  void run(std::int64_t ms) {
    const std::int64_t end = s_.scheduler.now_ms() + ms;
    while (s_.scheduler.step(end)) {
      held_max_ = std::max(held_max_, driver_->core().stats().held_entries);
    }
    for (const std::string& what : s_.verdicts.wrong()) UNSCOPED_INFO(what);
    REQUIRE(s_.verdicts.clean());
  }
  void stop_appending() { appending_ = false; }
  SimPartition& sick() { return s_.broker.topic(kLane).partitions[kSick]; }
  std::uint64_t in_kafka() {
    std::uint64_t sum = 0;
    for (const SimPartition& p : s_.broker.topic(kLane).partitions) sum += p.log.size();
    return sum;
  }
  std::uint64_t take_held_max() { return std::exchange(held_max_, 0); }
  Shared& shared() { return s_; }
  std::uint64_t resent() const { return s_.resent; }

 private:
  void append_for_ever() {
    if (!appending_) return;
    const Seq from = s_.store.lane(kLane).tail() + 1;
    s_.store.append(kLane, std::vector<SimEntry>(kGroup, SimEntry{{}, {}, 100}));
    driver_->on_durable(kLane, from);
    s_.scheduler.after(kAppendMs, [this] { append_for_ever(); });
  }
  void look_for_ever() {
    driver_->look_at_cluster();
    s_.store.sync();
    s_.scheduler.after(kLookMs, [this] { look_for_ever(); });
  }

  Shared s_;
  std::unique_ptr<SimDriver> driver_;
  std::uint64_t held_max_ = 0;
  bool appending_ = true;
};

}  // namespace

TEST_CASE("a partition without a leader leaves the other five their rate, and memory flat") {
  Stream stream;
  stream.run(60'000);
  const std::uint64_t before = stream.in_kafka();
  stream.sick().leader = -1;
  stream.run(60'000);
  const std::uint64_t early = stream.take_held_max();
  const std::uint64_t first_minute = stream.in_kafka();
  stream.run(540'000);
  const std::uint64_t appended_a_minute = 60'000 / kAppendMs * kGroup;
  const std::uint64_t healthy_a_minute = appended_a_minute * (kPartitions - 1) / kPartitions;
  CHECK(before > appended_a_minute * 9 / 10);
  CHECK(first_minute - before > healthy_a_minute * 8 / 10);
  CHECK(stream.in_kafka() - first_minute > 9 * healthy_a_minute * 95 / 100);
  CHECK(stream.take_held_max() <= std::max<std::uint64_t>(early, 200));

  // A kill in that state repeats the window and not what the five received.
  const std::uint64_t resent = stream.resent();
  stream.kill();
  stream.run(30'000);
  CHECK(stream.resent() - resent <= 200);

  stream.stop_appending();
  stream.sick().leader = 3;
  stream.run(60'000);
  CHECK(stream.shared().store.drained());
  CHECK(check_logs(stream.shared()) <= stream.resent());
  for (const std::string& what : stream.shared().verdicts.wrong()) UNSCOPED_INFO(what);
  CHECK(stream.shared().verdicts.clean());
}

}  // namespace outbox::model

#include "store/meta.h"

#include <catch2/catch.hpp>

namespace outbox::store {
namespace {

/// Every bit that flips and every cut is kCorruption.
template <typename Decode>
void check_guarded(const std::string& value, Decode decode) {
  REQUIRE(decode(value).ok());
  for (std::size_t bit = 0; bit < value.size() * 8; ++bit) {
    std::string damaged = value;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    REQUIRE(decode(damaged).status().code() == Code::kCorruption);
  }
  for (std::size_t bytes = 0; bytes < value.size(); ++bytes) {
    REQUIRE(decode(std::string_view(value).substr(0, bytes)).status().code() == Code::kCorruption);
  }
}

}  // namespace

TEST_CASE("meta: a lane record comes back whole, and damage is found") {
  LaneRecord record;
  record.tail = 1'000;
  record.appended = 1'001;
  record.delivered = 900;
  record.dead = 3;
  record.requeued = 2;
  record.purged = 1;
  record.appended_bytes = std::uint64_t{1} << 40;
  record.settled_bytes = 12;
  record.progress.head = 901;
  record.progress.settled_above_head = 4;
  record.progress.through = {{0, 900}, {5, 950}, {2'000'000'000, 7}};
  record.progress.last_delivered = {{5, 940}};
  const std::string value = encode(record);
  CHECK(*decode_lane_record(value) == record);
  CHECK(*decode_lane_record(encode(LaneRecord{})) == LaneRecord{});
  check_guarded(value, decode_lane_record);
}

TEST_CASE("meta: placement, limits, purge and dead letter come back whole, and damage is found") {
  const std::vector<PartitionCount> history{{1, 6, 1'000}, {5'000, 12, 1}};
  CHECK(*decode_placement(encode(history)) == history);
  check_guarded(encode(history), decode_placement);

  const TopicLimits limits{1'048'588, 6};
  CHECK(*decode_limits(encode(limits)) == limits);
  check_guarded(encode(limits), decode_limits);

  const PurgeRecord purge{"orders", 3, 9, 5, 1'700'000'000'000, "who \"exactly\""};
  const auto purged = decode_purge(encode(purge));
  REQUIRE(purged.ok());
  CHECK(purged->topic == purge.topic);
  CHECK(purged->from == 3);
  CHECK(purged->through == 9);
  CHECK(purged->count == 5);
  CHECK(purged->at_ms == purge.at_ms);
  CHECK(purged->who == purge.who);
  check_guarded(encode(purge), decode_purge);

  const DeadRecord dead{1'700'000'000'000, -1, 77, "too large", std::string("\0\x01", 2)};
  const auto died = decode_dead(encode(dead));
  REQUIRE(died.ok());
  CHECK(died->died_at_ms == dead.died_at_ms);
  CHECK(died->partition == -1);
  CHECK(died->requeued_as == 77);
  CHECK(died->reason == dead.reason);
  CHECK(died->record == dead.record);
  check_guarded(encode(dead), decode_dead);
}

TEST_CASE("meta: keys sort by number and give it back; a key of another shape is no number") {
  CHECK(meta::key(meta::kLanePrefix, 255) < meta::key(meta::kLanePrefix, 256));
  CHECK(meta::number_of(meta::key(meta::kPurgePrefix, 77), meta::kPurgePrefix) == 77);
  CHECK(meta::number_of("purge/x", meta::kPurgePrefix) == 0);
}

}  // namespace outbox::store

#include "inbox/store_format.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <utility>

#include "model/rng.h"
#include "support/campaign.h"

namespace outbox::inbox {
namespace {

using kafka::TopicPartition;

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 0xf];
  }
  return out;
}

bool same(const SessionState& a, const SessionState& b) {
  return a.high == b.high && a.used_ms == b.used_ms &&
         std::equal(a.gaps.ranges().begin(), a.gaps.ranges().end(), b.gaps.ranges().begin(),
                    b.gaps.ranges().end());
}

SessionState some_state(model::Rng& rng) {
  SessionState state;
  state.used_ms = static_cast<std::int64_t>(rng.next() >> 20);
  for (std::uint64_t i = rng.below(5); i > 0; --i) {
    const Seq first = state.high + 2 + rng.below(1'000);
    state.high = first + rng.below(1'000);
    state.gaps.open({first, state.high});
  }
  state.high += rng.below(1'000);
  return state;
}

// README.md holds these bytes.
TEST_CASE("inbox format: the worked example") {
  const TopicPartition where{"orders", 3};
  const std::string position = position_key(where);
  CHECK(hex(position) == "70066f726465727300000003");
  CHECK(hex(position_value(position, {700, 650})).substr(0, 34) ==
        "0100000000000002bc000000000000028a");
  const std::string dedup = dedup_key(where, {0x0a1b2c3d, 0x19b0a2b4c00});
  CHECK(hex(dedup) == "64066f7264657273000000030a1b2c3d0000019b0a2b4c00");
  SessionState state{9, {}, 0x19b0a2b4fe8};
  state.gaps.open({5, 7});
  CHECK(hex(dedup_value(dedup, state)).substr(0, 40) == "0100000000000000090000019b0a2b4fe8010502");
  CHECK(hex(done_key(where, 702)) == "6d066f72646572730000000300000000000002be");
}

TEST_CASE("inbox format: what is written is read") {
  model::Rng rng(outbox::test::base_seed());
  for (int i = 0; i < 1'000; ++i) {
    const TopicPartition where{"t" + std::to_string(rng.below(100)),
                               static_cast<std::int32_t>(rng.below(1'000))};
    const auto committed = static_cast<std::int64_t>(rng.below(1'000'000));
    const StoredPosition position{committed + static_cast<std::int64_t>(rng.below(1'000)),
                                  committed};
    const std::string at = position_key(where);
    CHECK(*read_position(at, position_value(at, position)) == position);

    const SessionKey session{static_cast<std::uint32_t>(rng.next()), rng.next()};
    const std::string key = dedup_key(where, session);
    const SessionState state = some_state(rng);
    const auto read = read_dedup(key, dedup_value(key, state));
    REQUIRE(read.ok());
    CHECK(same(*read, state));
    CHECK(session_of(std::string_view(key).substr(dedup_prefix(where).size())) == session);

    const std::string done = done_key(where, committed);
    CHECK(check_done(done, done_value(done)).ok());
    CHECK(offset_of(std::string_view(done).substr(done_prefix(where).size())) == committed);
  }
}

TEST_CASE("inbox format: every flipped bit is noticed, and a value under another key") {
  const TopicPartition where{"orders", 3};
  const std::string position = position_key(where);
  const std::string dedup = dedup_key(where, {1, 2});
  const std::string done = done_key(where, 702);
  SessionState state{9, {}, 5};
  state.gaps.open({5, 7});
  const std::pair<std::string, std::string> values[] = {
      {position, position_value(position, {700, 650})},
      {dedup, dedup_value(dedup, state)},
      {done, done_value(done)},
      {"group", plain_value("group", "g")}};
  const auto code = [&](const std::string& key, const std::string& value) {
    if (key == position) return read_position(key, value).status().code();
    if (key == dedup) return read_dedup(key, value).status().code();
    if (key == done) return check_done(key, value).code();
    return read_plain(key, value).status().code();
  };
  for (const auto& [key, value] : values) {
    INFO(hex(key));
    CHECK(code(key, value) == Code::kOk);
    for (std::size_t bit = 0; bit < 8 * value.size(); ++bit) {
      std::string damaged = value;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      CHECK(code(key, damaged) == Code::kCorruption);
    }
    for (std::size_t size = 0; size < value.size(); ++size) {
      CHECK(code(key, value.substr(0, size)) == Code::kCorruption);
    }
  }
  const std::string other = position_key({"orders", 4});
  CHECK(read_position(other, position_value(position, {700, 650})).status().code() ==
        Code::kCorruption);
}

TEST_CASE("inbox format: one topic's keys are no prefix of another's") {
  CHECK_FALSE(dedup_key({"orders1", 3}, {1, 2}).starts_with(dedup_prefix({"orders", 3})));
  CHECK_FALSE(done_key({"orders", 4}, 1).starts_with(done_prefix({"orders", 3})));
}

}  // namespace
}  // namespace outbox::inbox

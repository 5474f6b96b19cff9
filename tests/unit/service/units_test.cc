#include "service/units.h"

#include <catch2/catch.hpp>
#include <random>

namespace outbox::service {
namespace {

TEST_CASE("durations have units") {
  CHECK(parse_duration("250ms")->count() == 250);
  CHECK(parse_duration("60s")->count() == 60'000);
  CHECK(parse_duration("5m")->count() == 300'000);
  CHECK(parse_duration("24h")->count() == 86'400'000);
  CHECK(parse_duration("7 d")->count() == 604'800'000);
  for (const char* bad : {"", "5", "s", "-5s", "1.5s", "5sec", "99999999999999999999s",
                          "9223372036854775807d", "5s5", "0x5s"}) {
    INFO(bad);
    CHECK_FALSE(parse_duration(bad).ok());
  }
}

TEST_CASE("sizes have units, or are bytes") {
  CHECK(*parse_bytes("4096") == 4'096);
  CHECK(*parse_bytes("0") == 0);
  CHECK(*parse_bytes("512KiB") == 512 * 1'024);
  CHECK(*parse_bytes("64MiB") == std::uint64_t{64} << 20);
  CHECK(*parse_bytes("1GB") == 1'000'000'000);
  for (const char* bad : {"", "MiB", "-1", "1.5GiB", "1 XB", "1mib", "99999999999TiB"}) {
    INFO(bad);
    CHECK_FALSE(parse_bytes(bad).ok());
  }
}

TEST_CASE("what is formatted is read back unchanged") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 2'000; ++i) {
    const std::uint64_t value = (random() >> 1) >> (random() % 63) << (random() % 11);
    if (value > std::uint64_t{1} << 62) continue;
    CAPTURE(value);
    CHECK(*parse_bytes(format_bytes(value)) == value);
    const std::chrono::milliseconds time(static_cast<std::int64_t>(value % 1'000'000'000'000));
    CHECK(*parse_duration(format_duration(time)) == time);
  }
}

TEST_CASE("for people, sizes and ages are rounded") {
  CHECK(human_bytes(12) == "12 B");
  CHECK(human_bytes(1'536) == "1.5 KiB");
  CHECK(human_age(999) == "999ms");
  CHECK(human_age(192'000) == "3m12s");
  CHECK(human_age(90'000'000) == "1d1h");
}

}  // namespace
}  // namespace outbox::service

#include "base/placement.h"

#include <librdkafka/rdkafka.h>

#include <array>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace outbox {
namespace {

TEST_CASE("murmur2 gives the values of Kafka's own UtilsTest") {
  const std::vector<std::pair<std::string, std::int32_t>> vectors = {
      {"21", -973932308},
      {"foobar", -790332482},
      {"a-little-bit-long-string", -985981536},
      {"a-little-bit-longer-string", -1486304829},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
      {"abc", 479470107},
      {"\x0c\x2a\x38\x18\x6d\x6f", 274204207},
  };
  for (const auto& [key, hash] : vectors) {
    INFO(key);
    CHECK(static_cast<std::int32_t>(murmur2(key)) == hash);
  }
}

TEST_CASE("murmur2 gives the values of librdkafka's unit test, at every tail length") {
  const std::vector<std::pair<std::string, std::uint32_t>> vectors = {
      {"kafka", 0xd067cf64},
      {"giberish123456789", 0x8f552b0c},
      {"1234", 0x9fc97b14},
      {"234", 0xe7c009ca},
      {"34", 0x873930da},
      {"4", 0x5a4b5ca1},
      {"PreAmbleWillBeRemoved,ThePrePartThatIs", 0x78424f1c},
      {"reAmbleWillBeRemoved,ThePrePartThatIs", 0x4a62b377},
      {"", 0x106e08d9},
  };
  for (const auto& [key, hash] : vectors) {
    INFO(key);
    CHECK(murmur2(key) == hash);
  }
}

TEST_CASE("keys of any bytes are placed as librdkafka's murmur2 partitioner places them") {
  constexpr std::uint32_t kSeed = 20231123;
  constexpr std::size_t kKeyBytesMax = 64;
  INFO("seed " << kSeed);
  std::mt19937 random(kSeed);
  for (int i = 0; i < 2'000; ++i) {
    std::string key(random() % kKeyBytesMax, '\0');
    for (char& byte : key) byte = static_cast<char>(random());
    const auto count = static_cast<std::int32_t>(1 + random() % 100);
    const std::array history{PartitionCount{1, count, 1}};
    const auto theirs =
        rd_kafka_msg_partitioner_murmur2(nullptr, key.data(), key.size(), count, nullptr, nullptr);
    REQUIRE(place(history, 1, key, std::nullopt) == theirs);
  }
}

TEST_CASE("a key is placed by the positive murmur2 value modulo the count") {
  const std::array history{PartitionCount{1, 7, 10}};
  // -973932308 & 0x7fffffff = 1173551340
  CHECK(place(history, 1, "21", std::nullopt) == 1173551340 % 7);
  CHECK(place(history, 999, "21", std::nullopt) == 1173551340 % 7);
  // An empty key is a key.
  CHECK(place(history, 11, "", std::nullopt) == (0x106e08d9 & 0x7fffffff) % 7);
}

TEST_CASE("keyless entries go by blocks of the sequence number") {
  const std::array history{PartitionCount{1, 3, 10}};
  CHECK(place(history, 1, std::nullopt, std::nullopt) == 0);
  CHECK(place(history, 9, std::nullopt, std::nullopt) == 0);
  CHECK(place(history, 10, std::nullopt, std::nullopt) == 1);
  CHECK(place(history, 29, std::nullopt, std::nullopt) == 2);
  CHECK(place(history, 30, std::nullopt, std::nullopt) == 0);
}

TEST_CASE("a given partition is returned as it is, history or not") {
  const std::array history{PartitionCount{1, 3, 10}};
  CHECK(place(history, 5, "key", 2) == 2);
  CHECK(place(history, 5, std::nullopt, 99) == 99);
  CHECK(place({}, 5, std::nullopt, 4) == 4);
}

TEST_CASE("each entry is placed by the count that held at its sequence number") {
  const std::array history{PartitionCount{5, 2, 10}, PartitionCount{20, 4, 5},
                           PartitionCount{40, 8, 1}};
  CHECK(place(history, 4, "21", std::nullopt) == std::nullopt);
  CHECK(place(history, 5, "21", std::nullopt) == 1173551340 % 2);
  CHECK(place(history, 19, "21", std::nullopt) == 1173551340 % 2);
  CHECK(place(history, 20, "21", std::nullopt) == 1173551340 % 4);
  CHECK(place(history, 39, std::nullopt, std::nullopt) == (39 / 5) % 4);
  CHECK(place(history, 40, std::nullopt, std::nullopt) == 40 % 8);
  CHECK(place({}, 1, "21", std::nullopt) == std::nullopt);
}

}  // namespace
}  // namespace outbox

#include "store/format.h"

#include <catch2/catch.hpp>
#include <random>

#include "base/crc32c.h"
#include "base/endian.h"
#include "store/coding.h"

namespace outbox::store {
namespace {

std::string from_hex(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return out;
}

std::string random_bytes(std::mt19937_64& random, std::size_t bytes_max) {
  std::string out(random() % (bytes_max + 1), '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

Message random_message(std::mt19937_64& random) {
  Message message;
  message.topic = "t";
  if (random() % 3 != 0) message.key = random_bytes(random, 300);
  if (random() % 3 != 0) message.value = random_bytes(random, 3'000);
  if (random() % 2 != 0) message.partition = static_cast<std::int32_t>(random() % 100);
  message.timestamp_ms = static_cast<std::int64_t>(random() >> 1);
  for (std::uint64_t i = random() % 4; i > 0; --i) {
    Header header{random_bytes(random, 20), std::nullopt};
    if (random() % 3 != 0) header.value = random_bytes(random, 200);
    message.headers.push_back(std::move(header));
  }
  return message;
}

std::string record_of(const Message& message, LaneId lane, Seq seq) {
  std::string record;
  encode_body(message, 7, 1'700'000'000'000, record);
  seal(record, lane, seq);
  return record;
}

bool same(const Message& a, const Message& b) {
  return a.topic == b.topic && a.key == b.key && a.value == b.value && a.headers == b.headers &&
         a.partition == b.partition && a.timestamp_ms == b.timestamp_ms;
}

}  // namespace

TEST_CASE("format: the worked example of the README") {
  Message message;
  message.topic = "orders";
  message.key = "k1";
  message.value = "hi";
  message.headers = {{"h", "v"}, {"n", std::nullopt}};
  message.partition = 3;
  const std::string key = entry_key(1, 258);
  CHECK(key == from_hex("000000010000000000000102"));
  CHECK(lane_of_key(key) == 1);
  CHECK(seq_of_key(key) == 258);
  std::string record;
  encode_body(message, 0x18bcfe56801, 0x18bcfe56800, record);
  CHECK(record == from_hex("0107"
                           "0000018bcfe56801"
                           "0000018bcfe56800"
                           "00000003"
                           "026b31"
                           "02"
                           "0168"
                           "0276"
                           "016e"
                           "00"
                           "6869"));
  const std::string body = record;
  seal(record, 1, 258);
  REQUIRE(record.size() == body.size() + kRecordCrcBytes);
  CHECK(get_big<std::uint32_t>(record.data() + body.size()) == crc32c(crc32c(0, body), key));
  // In the README byte for byte; a changed checksum is a changed format.
  CHECK(record.substr(body.size()) == from_hex("74fc39a4"));
}

TEST_CASE("format: whatever was encoded is decoded as it was") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 2'000; ++i) {
    const Message message = random_message(random);
    const auto lane = static_cast<LaneId>(random());
    const Seq seq = random();
    const std::string record = record_of(message, lane, seq);
    const auto decoded = decode(record, lane, seq);
    REQUIRE(decoded.ok());
    CHECK(decoded->session == 7);
    CHECK(decoded->appended_at_ms == 1'700'000'000'000);
    REQUIRE(same(to_message("t", *decoded), message));
  }
}

TEST_CASE("format: a message without a timestamp has the time of its append") {
  Message message;
  message.topic = "t";
  const std::string record = record_of(message, 1, 1);
  CHECK(decode(record, 1, 1)->timestamp_ms == 1'700'000'000'000);
}

TEST_CASE("format: every flipped bit, every cut and every wrong place is found") {
  Message message;
  message.topic = "t";
  message.key = "key";
  message.value = "value";
  message.headers = {{"h", "v"}};
  const std::string record = record_of(message, 4, 9);
  for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
    std::string damaged = record;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    REQUIRE(decode(damaged, 4, 9).status().code() == Code::kCorruption);
  }
  for (std::size_t bytes = 0; bytes < record.size(); ++bytes) {
    REQUIRE(decode(std::string_view(record).substr(0, bytes), 4, 9).status().code() ==
            Code::kCorruption);
  }
  CHECK(decode(record, 4, 10).status().code() == Code::kCorruption);
  CHECK(decode(record, 5, 9).status().code() == Code::kCorruption);
  CHECK(decode(record, 5, 9).status().message().find("lane 5 entry 9") != std::string::npos);
}

TEST_CASE("format: a record of another version is refused by its number") {
  std::string body = "\x02 whatever comes then";
  seal(body, 1, 1);
  const auto decoded = decode(body, 1, 1);
  CHECK(decoded.status().code() == Code::kUnknownVersion);
  CHECK(decoded.status().message().find("version 2") != std::string::npos);
}

TEST_CASE("format: bodies of any bytes with a right checksum never read out of bounds") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    std::string body = "\x01" + random_bytes(random, 60);
    seal(body, 1, 1);
    const auto decoded = decode(body, 1, 1);
    if (!decoded.ok()) continue;
    const Message message = to_message("t", *decoded);
    REQUIRE(message.headers.size() == decoded->header_count);
  }
}

TEST_CASE("format: keys sort by lane, then by number") {
  CHECK(entry_key(1, ~Seq{0}) < entry_key(2, 0));
  CHECK(entry_key(1, 255) < entry_key(1, 256));
  CHECK(entry_key(255, 1) < entry_key(256, 1));
}

TEST_CASE("coding: varints at their edges, and cut ones") {
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128},
                                    std::uint64_t{1} << 35, ~std::uint64_t{0}}) {
    std::string bytes;
    append_varint(bytes, value);
    Parser parser(bytes);
    CHECK(parser.varint() == value);
    CHECK(parser.at_end());
    Parser cut(std::string_view(bytes).substr(0, bytes.size() - 1));
    CHECK(cut.varint() == 0);
    CHECK_FALSE(cut.ok());
  }
  const std::string no_end(20, '\xff');
  Parser endless(no_end);
  CHECK(endless.varint() == 0);
  CHECK_FALSE(endless.ok());
}

}  // namespace outbox::store

#include "service/message_json.h"

#include <catch2/catch.hpp>
#include <random>

namespace outbox::service {
namespace {

using Catch::Contains;

std::string why_not(const std::string& json) {
  const auto message = parse_message(json);
  INFO(json);
  REQUIRE_FALSE(message.ok());
  CHECK(message.status().code() == Code::kInvalidArgument);
  CHECK(message.status().message().find('\n') == std::string::npos);
  return message.status().message();
}

TEST_CASE("a line with everything") {
  const auto message =
      parse_message(R"({"topic":"t","key":"k","value":"v\u00e9\n","headers":{"a":"1","b":null},)"
                    R"("partition":3,"timestamp_ms":1700000000000,"id":"x-1"})");
  REQUIRE(message.ok());
  CHECK(message->topic == "t");
  CHECK(message->key == "k");
  CHECK(message->value == "v\xC3\xA9\n");
  CHECK(message->headers == std::vector<Header>{{"a", "1"}, {"b", std::nullopt}});
  CHECK(message->partition == 3);
  CHECK(message->timestamp_ms == 1'700'000'000'000);
  CHECK(message->idempotency_key == "x-1");
}

TEST_CASE("null and empty differ; null is a tombstone; a missing value is an error") {
  CHECK_FALSE(parse_message(R"({"topic":"t","value":null})")->value);
  CHECK(parse_message(R"({"topic":"t","value":""})")->value == "");
  CHECK_FALSE(parse_message(R"({"topic":"t","key":null,"value":""})")->key);
  CHECK(parse_message(R"({"topic":"t","key":"","value":""})")->key == "");
  CHECK_THAT(why_not(R"({"topic":"t"})"), Contains("\"value\" is missing"));
}

TEST_CASE("base64 carries any bytes") {
  const auto message =
      parse_message(R"({"topic":"t","key_base64":"AP8=","value_base64":"","headers":)"
                    R"([{"name":"h","value_base64":"/w=="},{"name":"h","value":null}]})");
  REQUIRE(message.ok());
  CHECK(message->key == std::string("\0\xFF", 2));
  CHECK(message->value == "");
  CHECK(message->headers == std::vector<Header>{{"h", "\xFF"}, {"h", std::nullopt}});
}

TEST_CASE("the default topic is taken where none is given") {
  CHECK(parse_message(R"({"value":"v"})", "d")->topic == "d");
  CHECK(parse_message(R"({"topic":"t","value":"v"})", "d")->topic == "t");
  CHECK_THAT(why_not(R"({"value":"v"})"), Contains("\"topic\" is missing"));
  CHECK_FALSE(parse_message(R"({"topic":"","value":"v"})", "d").ok());
}

TEST_CASE("what is wrong is named") {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"topic":"t","value":"v","valeu":"w"})", "unknown field \"valeu\"; did you mean value?"},
      {R"({"topic":"t","value":"v","value":"w"})", "field \"value\" stands twice"},
      {R"({"topic":"t","value":"v","value_base64":"dg=="})", "only one of them"},
      {R"({"topic":"t","key":"k","key_base64":"aw==","value":""})", "only one of them"},
      {R"({"topic":5,"value":"v"})", "topic: wanted a string, got a number"},
      {R"({"topic":"t","value":5})", "value: wanted a string or null, got a number"},
      {R"({"topic":"t","value":{"a":1}})", "value: wanted a string or null, got an object"},
      {R"({"topic":"t","value":["a"]})", "value: wanted a string or null, got an array"},
      {R"({"topic":"t","value":true})", "got true or false"},
      {R"({"topic":null,"value":"v"})", "topic: wanted a string, got null"},
      {R"({"topic":"t","value":"v","partition":-1})", "partition: -1 is negative"},
      {R"({"topic":"t","value":"v","partition":"1"})", "partition: wanted a whole number"},
      {R"({"topic":"t","value":"v","partition":1.5})", "partition: wanted a whole number"},
      {R"({"topic":"t","value":"v","partition":2147483648})", "out of range"},
      {R"({"topic":"t","value":"v","partition":99999999999999999999})", "out of range"},
      {R"({"topic":"t","value":"v","timestamp_ms":9223372036854775808})", "out of range"},
      {R"({"topic":"t","value":"v","timestamp_ms":1e999})", "column"},
      {R"({"topic":"t","value_base64":"%%%%"})", "value_base64: not valid base64"},
      {R"({"topic":"t","value_base64":null})", "value_base64: wanted a string, got null"},
      {R"({"topic":"t","value":"v","headers":"x"})", "headers: wanted an object or an array"},
      {R"({"topic":"t","value":"v","headers":{"a":1}})", "headers: wanted strings or nulls"},
      {R"({"topic":"t","value":"v","headers":{"a":{}}})", "headers: wanted strings or nulls"},
      {R"({"topic":"t","value":"v","headers":{"a":"1","a":"2"}})", "\"a\" stands twice"},
      {R"({"topic":"t","value":"v","headers":["a"]})", "headers: wanted objects"},
      {R"({"topic":"t","value":"v","headers":[{"value":"1"}]})", "no \"name\""},
      {R"({"topic":"t","value":"v","headers":[{"name":"a"}]})", "no \"value\""},
      {R"({"topic":"t","value":"v","headers":[{"name":"a","value":"","value_base64":""}]})",
       "two values"},
      {R"({"topic":"t","value":"v","headers":[{"nmae":"a"}]})", "did you mean name?"},
      {R"({"topic":"t","value":"v","id":""})", "id: is empty"},
      {R"(["t"])", "wanted a JSON object, got an array"},
      {R"("t")", "wanted a JSON object, got a string"},
      {R"({"topic":"t","value":"v"} x)", "not valid JSON at column"},
      {R"({"topic":"t","value":"v"}{"topic":"t","value":"v"})", "not valid JSON at column"},
      {R"({"topic":"t","value":"v")", "not valid JSON at column"},
      {"{\"topic\":\"t\",\"value\":\"\xFF\"}", "not valid JSON at column"},
      {R"({"topic":"t","value":"\ud800"})", "not valid JSON at column"},
      {"", "not valid JSON"}};
  for (const auto& [json, wanted] : cases) CHECK_THAT(why_not(json), Contains(wanted));
}

TEST_CASE("a message survives being written and read") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto bytes = [&random] {
    // Text, text with many control characters, or anything.
    const auto kind = random() % 3;
    std::string out(random() % 40, '\0');
    for (char& c : out) {
      c = static_cast<char>(kind == 0   ? 'a' + random() % 26
                            : kind == 1 ? random() % 128
                                        : random());
    }
    return out;
  };
  for (int i = 0; i < 2'000; ++i) {
    Message message;
    message.topic = "t" + std::to_string(random() % 100);
    if (random() % 2 != 0) message.key = bytes();
    if (random() % 4 != 0) message.value = bytes();
    for (auto n = random() % 4; n > 0; --n) {
      message.headers.push_back({"h" + std::to_string(random() % 3), std::nullopt});
      if (random() % 3 != 0) message.headers.back().value = bytes();
    }
    if (random() % 2 != 0) message.partition = static_cast<std::int32_t>(random() >> 1);
    if (random() % 2 != 0) message.timestamp_ms = static_cast<std::int64_t>(random());
    if (random() % 2 != 0) message.idempotency_key = "id" + std::to_string(random());
    const std::string json = to_json(message);
    CAPTURE(json);
    CHECK(json.find('\n') == std::string::npos);
    const auto back = parse_message(json);
    REQUIRE(back.ok());
    CHECK(back->topic == message.topic);
    CHECK(back->key == message.key);
    CHECK(back->value == message.value);
    CHECK(back->headers == message.headers);
    CHECK(back->partition == message.partition);
    CHECK(back->timestamp_ms == message.timestamp_ms);
    CHECK(back->idempotency_key == message.idempotency_key);
  }
}

TEST_CASE("mutilated lines are refused or read, never worse") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::string good =
      R"({"topic":"t","key":"k","value_base64":"dg==","headers":[{"name":"a","value":"1"}],)"
      R"("partition":3,"timestamp_ms":17,"id":"x"})";
  int read = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string json = good;
    for (auto n = 1 + random() % 4; n > 0; --n) {
      const std::size_t at = random() % json.size();
      const auto kind = random() % 4;
      if (kind == 0) json[at] = static_cast<char>(random());
      if (kind == 1) json.erase(at, 1 + random() % 5);
      if (kind == 2) json.insert(at, json.substr(random() % json.size(), random() % 12));
      if (kind == 3) json.insert(at, 1, "{}[]\",:\\0-"[random() % 10]);
      if (json.empty()) break;
    }
    const auto message = parse_message(json);
    if (message.ok()) {
      ++read;
      // Whatever was understood is understood again.
      const auto again = parse_message(to_json(*message));
      CAPTURE(json);
      REQUIRE(again.ok());
      CHECK(again->value == message->value);
    } else {
      CHECK_FALSE(message.status().message().empty());
    }
  }
  CHECK(read < 20'000);
}

}  // namespace
}  // namespace outbox::service

#include "kafka/consumer_settings.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

namespace outbox::kafka {
namespace {

InboxOptions options_with(const std::string& name, const std::string& value) {
  InboxOptions options;
  options.bootstrap_servers = "127.0.0.1:1";
  options.group = "g";
  if (!name.empty()) options.kafka_properties[name] = value;
  return options;
}

Status refusal(const std::string& name, const std::string& value) {
  return consumer_properties(options_with(name, value)).status();
}

std::string value_of(const InboxOptions& options, const std::string& name) {
  const auto properties = consumer_properties(options);
  REQUIRE(properties.ok());
  std::string value = "(absent)";
  for (const auto& [key, text] : *properties) {
    if (key == name) value = text;
  }
  return value;
}

TEST_CASE("consumer: offsets are the inbox's, whatever librdkafka's defaults") {
  const InboxOptions options = options_with("", "");
  CHECK(value_of(options, "enable.auto.commit") == "false");
  CHECK(value_of(options, "enable.auto.offset.store") == "false");
  CHECK(value_of(options, "auto.offset.reset") == "error");
  CHECK(value_of(options, "isolation.level") == "read_committed");
  CHECK(value_of(options, "group.id") == "g");
}

TEST_CASE("consumer: what would break a promise is refused by name, with the reason") {
  for (const UnsafeSetting& row : unsafe_consumer_settings()) {
    const std::string name(row.name);
    INFO(name);
    const Status status = refusal(name, "7");
    CHECK(status.code() == Code::kUnsafeSetting);
    CHECK(status.message().find(name) != std::string::npos);
    CHECK(status.message().find(row.reason) != std::string::npos);
  }
}

TEST_CASE("consumer: every setting that is not overridable is refused to users") {
  for (const ConsumerSetting& row : consumer_settings()) {
    INFO(row.name);
    CHECK((find_unsafe(unsafe_consumer_settings(), row.name) != nullptr) != row.overridable);
  }
}

TEST_CASE("consumer: harmless values, other properties, and those of producers") {
  CHECK(refusal("enable.auto.commit", "false").ok());
  CHECK(refusal("enable.auto.commit", "true").code() == Code::kUnsafeSetting);
  CHECK(value_of(options_with("partition.assignment.strategy", "range"),
                 "partition.assignment.strategy") == "range");
  CHECK(value_of(options_with("client.rack", "r1"), "client.rack") == "r1");
  const Status linger = refusal("linger.ms", "5");
  CHECK(linger.code() == Code::kInvalidArgument);
  CHECK(linger.message().find("producers only") != std::string::npos);
  CHECK(refusal("session.timeout.mss", "5").message().find("session.timeout.ms?") !=
        std::string::npos);
  CHECK(refusal("session.timeout.ms", "soon").code() == Code::kInvalidArgument);
}

}  // namespace
}  // namespace outbox::kafka

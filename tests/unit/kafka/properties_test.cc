#include "kafka/properties.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "kafka/known_properties.h"

namespace outbox::kafka {
namespace {

RelayOptions options_with(const std::string& name, const std::string& value) {
  RelayOptions options;
  options.bootstrap_servers = "127.0.0.1:1";
  if (!name.empty()) options.kafka_properties[name] = value;
  return options;
}

std::string value_of(const Properties& properties, const std::string& name) {
  std::string value = "(absent)";
  for (const auto& [key, text] : properties) {
    if (key == name) value = text;
  }
  return value;
}

Status refusal(const std::string& name, const std::string& value) {
  return producer_properties(options_with(name, value), Role::kMain).status();
}

TEST_CASE("the promises' settings are set, whatever librdkafka's defaults") {
  const auto main = producer_properties(options_with("", ""), Role::kMain);
  REQUIRE(main.ok());
  CHECK(value_of(*main, "enable.idempotence") == "true");
  CHECK(value_of(*main, "acks") == "all");
  CHECK(value_of(*main, "enable.gapless.guarantee") == "true");
  CHECK(value_of(*main, "message.timeout.ms") == "0");
  CHECK(value_of(*main, "max.in.flight.requests.per.connection") == "5");
  CHECK(milliseconds_of(*main, "socket.timeout.ms").count() == 30'000);

  const auto probe = producer_properties(options_with("batch.num.messages", "500"), Role::kProbe);
  REQUIRE(probe.ok());
  CHECK(value_of(*probe, "max.in.flight.requests.per.connection") == "1");
  CHECK(value_of(*probe, "batch.num.messages") == "1");

  const auto observer = producer_properties(options_with("", ""), Role::kObserver);
  REQUIRE(observer.ok());
  CHECK(value_of(*observer, "max.in.flight.requests.per.connection") == "100");
}

TEST_CASE("librdkafka's own queue bounds lie above the in-flight budget") {
  RelayOptions options = options_with("", "");
  options.in_flight_entries_max = 10;
  options.in_flight_bytes_max = 4096;
  const auto properties = producer_properties(options, Role::kMain);
  REQUIRE(properties.ok());
  CHECK(std::stoul(value_of(*properties, "queue.buffering.max.messages")) > 10);
  CHECK(std::stoul(value_of(*properties, "queue.buffering.max.kbytes")) > 4);
}

TEST_CASE("what would break a promise is refused by name, with the reason") {
  for (const UnsafeSetting& row : unsafe_settings()) {
    const std::string name(row.name);
    INFO(name);
    const Status status = refusal(name, "7");
    CHECK(status.code() == Code::kUnsafeSetting);
    CHECK(status.message().find(name) != std::string::npos);
    CHECK(status.message().find(row.reason) != std::string::npos);
  }
}

TEST_CASE("every setting of the table that is not overridable is refused to users") {
  for (const Setting& row : settings()) {
    INFO(row.name);
    const auto rows = unsafe_settings();
    const bool refused = std::any_of(rows.begin(), rows.end(),
                                     [&](const UnsafeSetting& r) { return r.name == row.name; });
    CHECK(refused != row.overridable);
  }
}

TEST_CASE("the value that the relay sets anyway is accepted") {
  CHECK(refusal("acks", "all").ok());
  CHECK(refusal("acks", "-1").ok());
  CHECK(refusal("enable.idempotence", "true").ok());
  CHECK(refusal("acks", "1").code() == Code::kUnsafeSetting);
  const auto observer =
      producer_properties(options_with("enable.idempotence", "true"), Role::kObserver);
  REQUIRE(observer.ok());
  CHECK(value_of(*observer, "enable.idempotence") == "false");
}

TEST_CASE("other properties pass through and override where they may") {
  const auto linger = producer_properties(options_with("linger.ms", "77"), Role::kMain);
  REQUIRE(linger.ok());
  CHECK(value_of(*linger, "linger.ms") == "77");
  const auto rack = producer_properties(options_with("client.rack", "r1"), Role::kMain);
  REQUIRE(rack.ok());
  CHECK(value_of(*rack, "client.rack") == "r1");
}

TEST_CASE("an unknown property is named with the nearest known one") {
  const Status typo = refusal("linger.mss", "5");
  CHECK(typo.code() == Code::kInvalidArgument);
  CHECK(typo.message().find("linger.mss") != std::string::npos);
  CHECK(typo.message().find("did you mean linger.ms?") != std::string::npos);
  const Status nonsense = refusal("zzzzqqqq", "5");
  CHECK(nonsense.code() == Code::kInvalidArgument);
  CHECK(nonsense.message().find("did you mean") == std::string::npos);
}

TEST_CASE("consumer properties and refused values are named; secrets are not repeated") {
  CHECK(refusal("auto.offset.reset", "earliest").message().find("consumers only") !=
        std::string::npos);
  const Status value = refusal("socket.timeout.ms", "soon");
  CHECK(value.code() == Code::kInvalidArgument);
  CHECK(value.message().find("socket.timeout.ms") != std::string::npos);
  CHECK(refusal("ssl.key.pem", "hunter2").message().find("hunter2") == std::string::npos);
}

TEST_CASE("options out of range are named") {
  RelayOptions options = options_with("", "");
  options.max_in_flight_requests = 6;
  CHECK(
      producer_properties(options, Role::kMain).status().message().find("max_in_flight_requests") !=
      std::string::npos);
  options = options_with("", "");
  options.bootstrap_servers.clear();
  CHECK(producer_properties(options, Role::kMain).status().code() == Code::kInvalidArgument);
  options = options_with("", "");
  options.compression = "brotli";
  CHECK(producer_properties(options, Role::kMain).status().code() == Code::kInvalidArgument);
}

TEST_CASE("times that would spin or are negative are named") {
  const std::pair<const char*, std::chrono::milliseconds RelayOptions::*> times[] = {
      {"watchdog", &RelayOptions::watchdog_ms},
      {"stall_backoff_min", &RelayOptions::stall_backoff_min_ms},
      {"linger", &RelayOptions::linger_ms},
      {"unknown_topic_grace", &RelayOptions::unknown_topic_grace_ms},
      {"slow_start_idle", &RelayOptions::slow_start_idle_ms},
      {"old_after", &RelayOptions::old_after_ms},
      {"stop_deadline", &RelayOptions::stop_deadline_ms},
  };
  for (const auto& [name, time] : times) {
    RelayOptions options = options_with("", "");
    options.*time = std::chrono::milliseconds(-1);
    const Status refused = producer_properties(options, Role::kMain).status();
    INFO(name);
    CHECK(refused.code() == Code::kInvalidArgument);
    CHECK(refused.message().find(name) == 0);
  }
  RelayOptions options = options_with("", "");
  options.stall_backoff_max_ms = options.stall_backoff_min_ms - std::chrono::milliseconds(1);
  CHECK(producer_properties(options, Role::kMain).status().code() == Code::kInvalidArgument);
}

TEST_CASE("librdkafka's own property list is understood") {
  const auto known = known_properties();
  CHECK(known.size() > 100);
  const auto find = [&](const std::string& name) {
    return std::find_if(known.begin(), known.end(),
                        [&](const KnownProperty& p) { return p.name == name; });
  };
  REQUIRE(find("linger.ms") != known.end());
  CHECK(find("linger.ms")->for_producer);
  REQUIRE(find("auto.offset.reset") != known.end());
  CHECK_FALSE(find("auto.offset.reset")->for_producer);
}

}  // namespace
}  // namespace outbox::kafka

#include "mock/relay_rig.h"

#include <catch2/catch.hpp>

#include "support/wait.h"

namespace outbox::test {

using namespace std::chrono_literals;

RelayRig::RelayRig(int brokers) : cluster_(brokers) {
  options_.bootstrap_servers = cluster_.bootstrap_servers();
  // The mock cluster checks no sequence numbers: with pipelining it would lose and double.
  options_.max_in_flight_requests = 1;
  options_.linger_ms = 2ms;
  options_.stall_backoff_min_ms = 50ms;
  options_.stall_backoff_max_ms = 500ms;
  options_.kafka_properties["reconnect.backoff.ms"] = "50";
  options_.kafka_properties["reconnect.backoff.max.ms"] = "500";
  options_.kafka_properties["retry.backoff.ms"] = "20";
  reopen();
}

RelayRig::~RelayRig() { stop(); }

void RelayRig::start() {
  auto relay = Relay::start(*outbox_, options_);
  INFO(relay.status().to_string());
  REQUIRE(relay.ok());
  relay_ = std::move(relay).value();
}

void RelayRig::stop() {
  if (relay_) CHECK(relay_->stop(kPatience).ok());
  relay_.reset();
}

void RelayRig::give_up(std::chrono::milliseconds timeout_ms) {
  CHECK(relay_->stop(timeout_ms).code() == Code::kTimeout);
  relay_.reset();
  reopen();
}

void RelayRig::abandon() {
  if (relay_) (void)relay_->stop(std::chrono::milliseconds(0));
  relay_.reset();
}

void RelayRig::reopen() {
  stop();
  outbox_.reset();
  auto outbox = Outbox::open(dir_.path() / "outbox", Options());
  INFO(outbox.status().to_string());
  REQUIRE(outbox.ok());
  outbox_ = std::move(outbox).value();
}

Seq RelayRig::append(const std::string& topic, const std::string& value,
                     const std::optional<std::string>& key) {
  Message message;
  message.topic = topic;
  message.value = value;
  message.key = key;
  const auto appended = outbox_->append(message);
  INFO(appended.status().to_string());
  REQUIRE(appended.ok());
  return appended->seq;
}

void RelayRig::drain() {
  const Status status = relay_->drain(kPatience);
  INFO(status.to_string());
  REQUIRE(status.ok());
  const auto stats = outbox_->stats();
  REQUIRE(stats.ok());
  CHECK(stats->ledger.balanced());
  CHECK(stats->ledger.pending == 0);
}

LaneStats RelayRig::lane(const std::string& topic) {
  const auto stats = outbox_->stats();
  REQUIRE(stats.ok());
  for (const auto& lane : stats->lanes) {
    if (lane.topic == topic) return lane;
  }
  FAIL("no lane " << topic);
  return {};
}

bool RelayRig::wait_state(const std::string& topic, const std::string& beginning) {
  return wait_until([&] { return lane(topic).state.starts_with(beginning); }, kPatience);
}

std::vector<std::string> values_in(const std::vector<Consumed>& all, const std::string& topic,
                                   std::int32_t partition) {
  std::vector<std::string> out;
  for (const Consumed& message : all) {
    if (message.topic == topic && message.partition == partition) {
      out.push_back(message.value.value_or("(null)"));
    }
  }
  return out;
}

}  // namespace outbox::test

// reports raw|relay BOOTSTRAP TOPIC TRIALS [NAME=VALUE]...: sends bursts of numbered messages to
// partition 0; prints "value offset" of each message that was reported OK, last "producers N".
//   messages=N       of one trial
//   one_sender=1     for all trials; otherwise a new one for each
//   pause_ms=N       between two trials
//   age_ms=N         how old the messages' timestamps are
//   flap_ms=N        min.insync.replicas turns that often meanwhile
//   slow_start_idle_ms=N, dir=DIR   the relay's
//   a.b=VALUE        a property of librdkafka
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>

#include "kafka/reports/flapper.h"
#include "kafka/reports/plan.h"

namespace outbox::test {
namespace {

/// What makes the faults likely: one message a batch, impatient requests. Not what anybody should
/// set, and nothing that a promise rests on.
std::map<std::string, std::string> impatient() {
  return {{"batch.num.messages", "1"},
          {"request.timeout.ms", "300"},
          {"socket.timeout.ms", "1500"},
          {"retry.backoff.ms", "20"},
          {"reconnect.backoff.ms", "10"},
          {"reconnect.backoff.max.ms", "100"},
          {"topic.metadata.refresh.fast.interval.ms", "50"}};
}

bool set(Plan& plan, std::chrono::milliseconds& flap, const std::string& argument) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string::npos) return false;
  const std::string name = argument.substr(0, equals);
  const std::string value = argument.substr(equals + 1);
  const long long number = std::atoll(value.c_str());
  if (name.find('.') != std::string::npos) {
    plan.properties[name] = value;
  } else if (name == "messages") {
    plan.messages = static_cast<int>(number);
  } else if (name == "one_sender") {
    plan.one_sender = number != 0;
  } else if (name == "pause_ms") {
    plan.pause = std::chrono::milliseconds(number);
  } else if (name == "age_ms") {
    plan.age = std::chrono::milliseconds(number);
  } else if (name == "slow_start_idle_ms") {
    plan.slow_start_idle = std::chrono::milliseconds(number);
  } else if (name == "flap_ms") {
    flap = std::chrono::milliseconds(number);
  } else if (name == "dir") {
    plan.dir = value;
  } else {
    return false;
  }
  return true;
}

int run(const std::string& sender, const Plan& plan, std::chrono::milliseconds flap_ms) {
  const Reported reported = [](const std::string& value, std::int64_t offset) {
    std::printf("%s %lld\n", value.c_str(), static_cast<long long>(offset));
  };
  std::optional<Flapper> flapper;
  if (flap_ms.count() > 0) flapper.emplace(plan.bootstrap, plan.topic, flap_ms);
  const std::uint64_t producers =
      sender == "raw" ? send_raw(plan, reported) : send_by_relay(plan, reported);
  std::printf("producers %llu\n", static_cast<unsigned long long>(producers));
  return 0;
}

}  // namespace
}  // namespace outbox::test

int main(int argc, char** argv) {
  using namespace outbox::test;
  if (argc < 5) return 2;
  Plan plan;
  plan.bootstrap = argv[2];
  plan.topic = argv[3];
  plan.trials = std::atoi(argv[4]);
  plan.properties = impatient();
  std::chrono::milliseconds flap_ms{0};
  for (int i = 5; i < argc; ++i) {
    if (set(plan, flap_ms, argv[i])) continue;
    std::fprintf(stderr, "reports: what is %s?\n", argv[i]);
    return 2;
  }
  try {
    return run(argv[1], plan, flap_ms);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "reports: %s\n", error.what());
    return 1;
  }
}

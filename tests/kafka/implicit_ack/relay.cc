#include "outbox/relay.h"

#include <cstdio>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "kafka/implicit_ack/trials.h"
#include "outbox/outbox.h"

namespace outbox::test {
namespace {

constexpr std::chrono::milliseconds kDrain_ms{120'000};
constexpr std::chrono::milliseconds kStop_ms{30'000};

void must(const Status& status) {
  if (!status.ok()) throw std::runtime_error(status.to_string());
}

void append_trial(Outbox& outbox, const std::string& topic, int number, const Reported& reported,
                  std::mutex& mutex) {
  std::latch durable(kMessagesPerTrial);
  for (int i = 0; i < kMessagesPerTrial; ++i) {
    Message message;
    message.topic = topic;
    message.partition = kPartition;
    message.value = std::to_string(number) + "." + std::to_string(i);
    outbox.append_async(
        message,
        [&durable](const Result<Appended>& result) {
          must(result.status());
          durable.count_down();
        },
        [&reported, &mutex, value = *message.value](const DeliveryOutcome& how) {
          const std::lock_guard lock(mutex);
          if (how.delivered()) {
            reported(value, std::get<Delivered>(how.how).offset);
          } else {
            std::fprintf(stderr, "%s died: %s\n", value.c_str(),
                         std::get<Dead>(how.how).reason.c_str());
          }
        });
  }
  durable.wait();  // what is not yet there is not drained
}

}  // namespace

std::uint64_t relay_trials(const std::string& bootstrap, const std::string& topic, int trials,
                           const std::string& dir, const Reported& reported) {
  auto outbox = Outbox::open(dir, Options{});
  must(outbox.status());
  RelayOptions options;
  options.bootstrap_servers = bootstrap;
  options.kafka_properties = impatient();
  options.linger_ms = std::chrono::milliseconds(0);
  std::uint64_t producers = 0;
  std::mutex mutex;
  for (int number = 0; number < trials; ++number) {
    append_trial(**outbox, topic, number, reported, mutex);
    auto relay = Relay::start(**outbox, options);
    must(relay.status());
    must((*relay)->drain(kDrain_ms));
    for (const auto& [reason, times] : (*relay)->stats().rebuilds) producers += times;
    ++producers;
    must((*relay)->stop(kStop_ms));
  }
  return producers;
}

}  // namespace outbox::test

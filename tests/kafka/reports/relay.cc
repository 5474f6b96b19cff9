#include "outbox/relay.h"

#include <cstdio>
#include <latch>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "kafka/reports/plan.h"
#include "outbox/outbox.h"

namespace outbox::test {
namespace {

constexpr std::chrono::milliseconds kDrain_ms{120'000};
constexpr std::chrono::milliseconds kStop_ms{30'000};

void must(const Status& status) {
  if (!status.ok()) throw std::runtime_error(status.to_string());
}

void append_trial(Outbox& outbox, const Plan& plan, int trial, const Reported& reported,
                  std::mutex& mutex) {
  std::latch durable(plan.messages);
  const auto created_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch() - plan.age);
  for (int i = 0; i < plan.messages; ++i) {
    Message message;
    message.topic = plan.topic;
    message.partition = kPartition;
    message.value = value_of(trial, i);
    message.timestamp_ms = created_ms.count();
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

/// Ends it; answers how many producers it made.
std::uint64_t end(Relay& relay) {
  std::uint64_t producers = 1;
  for (const auto& [reason, times] : relay.stats().rebuilds) producers += times;
  must(relay.stop(kStop_ms));
  return producers;
}

}  // namespace

std::uint64_t send_by_relay(const Plan& plan, const Reported& reported) {
  auto outbox = Outbox::open(plan.dir, Options{});
  must(outbox.status());
  RelayOptions options;
  options.bootstrap_servers = plan.bootstrap;
  options.kafka_properties = plan.properties;
  options.slow_start_idle_ms = plan.slow_start_idle;
  options.linger_ms = std::chrono::milliseconds(0);
  std::uint64_t producers = 0;
  std::mutex mutex;
  std::unique_ptr<Relay> relay;
  for (int trial = 0; trial < plan.trials; ++trial) {
    append_trial(**outbox, plan, trial, reported, mutex);
    if (!relay) {
      auto started = Relay::start(**outbox, options);
      must(started.status());
      relay = std::move(*started);
    }
    must(relay->drain(kDrain_ms));
    std::this_thread::sleep_for(plan.pause);  // its pace, nothing is waited for
    if (plan.one_sender && trial + 1 < plan.trials) continue;
    producers += end(*relay);
    relay.reset();
  }
  return producers;
}

}  // namespace outbox::test

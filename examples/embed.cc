// Embeds the outbox in a service: append, be told of the delivery, drain, stop.
// Usage: embed DIR BOOTSTRAP_SERVERS [REQUESTS_IN_FLIGHT]
#include <atomic>
#include <cstdio>
#include <string>

#include "outbox/outbox.h"
#include "outbox/relay.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: embed DIR BOOTSTRAP_SERVERS [REQUESTS_IN_FLIGHT]\n", stderr);
    return 2;
  }
  const auto fail = [](const outbox::Status& status) {
    std::fprintf(stderr, "%s\n", status.to_string().c_str());
    return 1;
  };

  auto box = outbox::Outbox::open(argv[1], outbox::Options{});
  if (!box.ok()) return fail(box.status());

  outbox::RelayOptions options;
  options.bootstrap_servers = argv[2];
  // 1 is for librdkafka's mock cluster, which checks no sequence numbers.
  if (argc > 3) options.max_in_flight_requests = std::stoi(argv[3]);
  auto relay = outbox::Relay::start(**box, options);
  if (!relay.ok()) return fail(relay.status());

  std::atomic<int> delivered{0};
  for (int i = 0; i < 10; ++i) {
    outbox::Message message;
    message.topic = "orders";
    message.key = "customer-" + std::to_string(i % 3);
    message.value = "order " + std::to_string(i);
    // When append returns OK the message is on disk: tell your own caller "done".
    const auto appended = (*box)->append(message, [&](const outbox::DeliveryOutcome& outcome) {
      if (outcome.delivered()) ++delivered;
    });
    if (!appended.ok()) return fail(appended.status());
  }

  if (const auto status = (*relay)->drain(std::chrono::seconds(60)); !status.ok())
    return fail(status);
  if (const auto status = (*relay)->stop(std::chrono::seconds(10)); !status.ok())
    return fail(status);
  std::printf("%d of 10 delivered\n", delivered.load());
  return delivered == 10 ? 0 : 1;
}

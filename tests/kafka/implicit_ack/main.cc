// implicit_ack raw|relay BOOTSTRAP TOPIC TRIALS FLAP_MS [DIR]: fresh producers send ten messages
// each to partition 0 while min.insync.replicas changes; prints "value offset" of each message
// that was reported OK, last "producers N".
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "kafka/implicit_ack/admin.h"
#include "kafka/implicit_ack/trials.h"

namespace outbox::test {

std::map<std::string, std::string> impatient() {
  return {{"batch.num.messages", "1"},
          {"request.timeout.ms", "300"},
          {"socket.timeout.ms", "1500"},
          {"retry.backoff.ms", "20"},
          {"reconnect.backoff.ms", "10"},
          {"reconnect.backoff.max.ms", "100"},
          {"topic.metadata.refresh.fast.interval.ms", "50"}};
}

}  // namespace outbox::test

int main(int argc, char** argv) {
  using namespace outbox::test;
  if (argc < 6) return 2;
  const std::string mode = argv[1];
  const int trials = std::atoi(argv[4]);
  const Reported reported = [](const std::string& value, std::int64_t offset) {
    std::printf("%s %lld\n", value.c_str(), static_cast<long long>(offset));
  };
  try {
    const Flapper flapper(argv[2], argv[3], std::chrono::milliseconds(std::atoi(argv[5])));
    std::uint64_t producers = static_cast<std::uint64_t>(trials);
    if (mode == "raw") {
      raw_trials(argv[2], argv[3], trials, reported);
    } else if (argc > 6) {
      producers = relay_trials(argv[2], argv[3], trials, argv[6], reported);
    }
    std::printf("producers %llu\n", static_cast<unsigned long long>(producers));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "implicit_ack: %s\n", error.what());
    return 1;
  }
  return 0;
}

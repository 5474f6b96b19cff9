#include "warm_brokers.h"

#include "bench_topics.h"
#include "measure.h"
#include "raw_kafka.h"

namespace outbox::bench {
namespace {

constexpr std::size_t kValueBytes = 300;

}  // namespace

void warm_brokers(const KafkaFlags& flags) {
  if (flags.quick) return;
  const RelayOptions options = flags.relay_options();
  const BenchTopics topic(options, "bench-warm", 1, flags.partitions);
  RawProducer producer(options, topic.names(), topic.partitions());
  producer.wait_for_leaders();
  Values values(random_text(kValueBytes), options.in_flight_bytes_max);
  const StopWatch watch;
  producer.produce_while(values, [&] { return watch.seconds() < flags.warm_seconds; });
}

}  // namespace outbox::bench

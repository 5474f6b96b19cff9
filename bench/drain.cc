// How fast does a backlog reach Kafka, and how fast do messages that are
// appended meanwhile, compared with librdkafka alone on the same brokers,
// settings, headers and placement? Relay and librdkafka take turns, each run
// with a topic of its own.

#include <algorithm>
#include <memory>

#include "bench_topics.h"
#include "fresh_outbox.h"
#include "kafka_flags.h"
#include "measure.h"
#include "raw_kafka.h"
#include "warm_brokers.h"

namespace outbox::bench {
namespace {

constexpr std::uint64_t kMessagesByDefaultMax = 1'000'000;

struct Flags : KafkaFlags {
  std::vector<std::size_t> value_bytes{100, 1'024, 10'240};
  std::uint64_t megabytes = 500;  ///< of values in one run
  std::uint64_t messages = 0;     ///< in one run; 0: as many as megabytes says
  std::string only;               ///< "backlog" or "steady"; empty: both
};

struct Sample : Timed {
  Troubles troubles;
};

std::uint64_t count_of(const Flags& flags, std::size_t value_bytes) {
  const std::uint64_t wanted =
      flags.messages > 0
          ? flags.messages
          : std::min(kMessagesByDefaultMax, flags.megabytes * 1'000'000 / value_bytes);
  return std::max<std::uint64_t>(wanted - wanted % kFillEntries, kFillEntries);
}

class Bench {
 public:
  Bench(const Flags& flags, std::size_t value_bytes)
      : flags_(flags),
        options_(flags.relay_options()),
        value_(random_text(value_bytes)),
        count_(count_of(flags, value_bytes)) {}
  Row drain() { return compare("backlog", &Bench::drain_outbox); }
  Row steady() { return compare("steady", &Bench::steady_outbox); }

 private:
  BenchTopics topic() const { return {options_, "bench-drain", 1, flags_.partitions}; }
  Sample drain_outbox();
  Sample steady_outbox();
  Sample raw();
  Row compare(const char* what, Sample (Bench::*outbox_side)());

  const Flags flags_;
  const RelayOptions options_;
  const std::string value_;
  const std::uint64_t count_;
};

Sample Bench::drain_outbox() {
  const BenchTopics topic = this->topic();
  FreshOutbox outbox(flags_.dir);
  outbox.fill(message_of(topic.name(), value_), count_);
  std::unique_ptr<Relay> relay;
  const Timed took = timed(count_, [&] {
    relay = value_of(Relay::start(*outbox, options_));
    must(relay->drain(kDrainMax));
  });
  return {took, troubles_of(*relay)};
}

Sample Bench::steady_outbox() {
  const BenchTopics topic = this->topic();
  FreshOutbox outbox(flags_.dir);
  const auto relay = value_of(Relay::start(*outbox, options_));
  const std::vector<Message> turn{message_of(topic.name(), value_)};
  outbox.append_through(*relay, turn, 1);
  const Timed took = timed(count_, [&] { outbox.append_through(*relay, turn, count_); });
  return {took, troubles_of(*relay)};
}

Sample Bench::raw() {
  const BenchTopics topic = this->topic();
  Values values(value_, options_.in_flight_bytes_max);
  std::unique_ptr<RawProducer> producer;
  return {timed(count_,
                [&] {
                  producer =
                      std::make_unique<RawProducer>(options_, topic.names(), flags_.partitions);
                  producer->produce_all(values, count_);
                }),
          {}};
}

Row Bench::compare(const char* what, Sample (Bench::*outbox_side)()) {
  const auto samples = alternate<Sample>(
      flags_.repeats, {[&] { return (this->*outbox_side)(); }, [&] { return raw(); }});
  const std::vector<Sample>& outbox = samples[0];
  const std::vector<Sample>& raw = samples[1];
  Troubles troubles;
  for (const Sample& sample : outbox) troubles += sample.troubles;
  Row row;
  row.set("what", what)
      .set("bytes", std::uint64_t{value_.size()})
      .set("messages", count_)
      .set("n", static_cast<std::uint64_t>(flags_.repeats))
      .set("relay_per_s", median_of(outbox, &Sample::per_second))
      .set("raw_per_s", median_of(raw, &Sample::per_second));
  set_ratio(row, outbox, raw, &Sample::per_second);
  row.set("relay_cpu_us", median_of(outbox, &Sample::cpu_us))
      .set("raw_cpu_us", median_of(raw, &Sample::cpu_us))
      .set("resent", troubles.resent)
      .set("rebuilds", troubles.rebuilds);
  return row;
}

void run(const Flags& flags) {
  warm_brokers(flags);
  Report report("drain");
  for (const std::size_t value_bytes : flags.value_bytes) {
    Bench bench(flags, value_bytes);
    if (flags.only != "steady") report.add(bench.drain());
    if (flags.only != "backlog") report.add(bench.steady());
  }
  report.print_table();
}

}  // namespace
}  // namespace outbox::bench

int main(int argc, char** argv) {
  outbox::bench::Flags flags;
  CLI::App app{"Drains an outbox to Kafka beside raw librdkafka"};
  flags.add_to(app);
  app.add_option("--value-bytes", flags.value_bytes)->delimiter(',');
  app.add_option("--megabytes", flags.megabytes, "of values in one run, at most 1 M messages");
  app.add_option("--messages", flags.messages, "in one run, instead of --megabytes");
  app.add_option("--only", flags.only)->check(CLI::IsMember({"backlog", "steady"}));
  CLI11_PARSE(app, argc, argv);
  if (flags.quick) {
    flags.value_bytes = {100, 10'240};
    flags.megabytes = 5;
    flags.repeats = 1;
  }
  outbox::bench::run(flags);
  return 0;
}

// How fast does a backlog reach Kafka, and how fast do messages that are
// appended meanwhile, compared with librdkafka alone on the same brokers,
// settings, headers and placement, and with what RocksDB and librdkafka cost together?
// The three take turns, each run with a topic of its own.

#include <algorithm>
#include <memory>

#include "bare_outbox.h"
#include "bench_topics.h"
#include "fresh_outbox.h"
#include "kafka_flags.h"
#include "measure.h"
#include "raw_kafka.h"
#include "value_sizes.h"
#include "warm_brokers.h"

namespace outbox::bench {
namespace {

constexpr std::uint64_t kMessagesByDefaultMax = 5'000'000;
/// A stream runs from its first message on as it will; a backlog's start must not be seen.
constexpr std::uint64_t kSteadyShare = 4;

struct Flags : KafkaFlags {
  std::vector<std::size_t> value_bytes = kValueSizes;
  std::uint64_t megabytes = 2'000;  ///< of values in a backlog
  std::uint64_t messages = 0;       ///< in a backlog; 0: as many as megabytes says
  std::string only;                 ///< "backlog" or "steady"; empty: both
};

struct Sample : Timed {
  Troubles troubles;
};

std::uint64_t backlog_of(const Flags& flags, std::size_t value_bytes) {
  if (flags.messages > 0) return flags.messages;
  return std::min(kMessagesByDefaultMax, flags.megabytes * 1'000'000 / value_bytes);
}

std::uint64_t whole_batches(std::uint64_t wanted) {
  return std::max<std::uint64_t>(wanted - wanted % kFillEntries, kFillEntries);
}

class Bench {
 public:
  Bench(const Flags& flags, std::size_t value_bytes, std::uint64_t count)
      : flags_(flags),
        options_(flags.relay_options()),
        value_(random_text(value_bytes)),
        count_(whole_batches(count)) {}
  Row drain() {
    return compare("backlog", {&Bench::drain_outbox, &Bench::drain_raw, &Bench::drain_bare});
  }
  Row steady() {
    return compare("steady", {&Bench::steady_outbox, &Bench::steady_raw, &Bench::steady_bare});
  }

 private:
  BenchTopics topic() const { return {options_, "bench-drain", 1, flags_.partitions}; }
  // A backlog's runs begin without a connection, a stream's with one.
  Sample drain_outbox();
  Sample drain_raw();
  Sample drain_bare();
  Sample steady_outbox();
  Sample steady_raw();
  Sample steady_bare();
  struct Sides {
    Sample (Bench::*outbox)();
    Sample (Bench::*raw)();
    Sample (Bench::*bare)();
  };
  Row compare(const char* what, const Sides& sides);

  const Flags flags_;
  const RelayOptions options_;
  const std::string value_;
  const std::uint64_t count_;
};

Sample Bench::drain_outbox() {
  const BenchTopics topic = this->topic();
  FreshOutbox outbox(flags_.dir);
  outbox.fill(message_of(topic.name(), value_), count_);
  come_to_rest();
  std::unique_ptr<Relay> relay;
  const Timed took = timed(count_, [&] {
    relay = value_of(Relay::start(*outbox, options_));
    must(relay->drain(kDrainMax));
  });
  return {took, troubles_of(*relay)};
}

Sample Bench::drain_raw() {
  const BenchTopics topic = this->topic();
  Values values(value_, options_.in_flight_bytes_max);
  std::unique_ptr<RawProducer> producer;
  come_to_rest();
  return {timed(count_,
                [&] {
                  producer =
                      std::make_unique<RawProducer>(options_, topic.names(), flags_.partitions);
                  producer->produce_all(values, count_);
                }),
          {}};
}

Sample Bench::drain_bare() {
  const BenchTopics topic = this->topic();
  BareOutbox bare(options_, topic, flags_.dir);
  bare.fill(value_, count_);
  come_to_rest();
  std::uint64_t sent = 0;
  const Timed took = timed(count_, [&] { sent = bare.drain(); });
  if (sent != count_) die("RocksDB gave back fewer than were written");
  return {took, {}};
}

Sample Bench::steady_outbox() {
  const BenchTopics topic = this->topic();
  FreshOutbox outbox(flags_.dir);
  const auto relay = value_of(Relay::start(*outbox, options_));
  const std::vector<Message> turn{message_of(topic.name(), value_)};
  outbox.append_through(*relay, turn, 1);
  come_to_rest();
  const Timed took = timed(count_, [&] { outbox.append_through(*relay, turn, count_); });
  return {took, troubles_of(*relay)};
}

Sample Bench::steady_raw() {
  const BenchTopics topic = this->topic();
  Values values(value_, options_.in_flight_bytes_max);
  RawProducer producer(options_, topic.names(), flags_.partitions);
  producer.produce_all(values, 1);
  come_to_rest();
  return {timed(count_, [&] { producer.produce_all(values, count_); }), {}};
}

Sample Bench::steady_bare() {
  const BenchTopics topic = this->topic();
  Values values(value_, options_.in_flight_bytes_max);
  BareOutbox bare(options_, topic, flags_.dir);
  bare.connect();
  come_to_rest();
  return {timed(count_, [&] { bare.stream(value_, values, count_); }), {}};
}

Row Bench::compare(const char* what, const Sides& sides) {
  const auto samples = alternate<Sample>(flags_.repeats, {[&] { return (this->*sides.outbox)(); },
                                                          [&] { return (this->*sides.raw)(); },
                                                          [&] { return (this->*sides.bare)(); }});
  const std::vector<Sample>& outbox = samples[0];
  const std::vector<Sample>& raw = samples[1];
  const std::vector<Sample>& bare = samples[2];
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
  row.set("bare_per_s", median_of(bare, &Sample::per_second));
  set_ratio(row, outbox, bare, &Sample::per_second, "bare_");
  row.set("relay_cpu_us", median_of(outbox, &Sample::cpu_us))
      .set("raw_cpu_us", median_of(raw, &Sample::cpu_us))
      .set("bare_cpu_us", median_of(bare, &Sample::cpu_us))
      .set("resent", troubles.resent)
      .set("rebuilds", troubles.rebuilds);
  return row;
}

void run(const Flags& flags) {
  warm_brokers(flags);
  Report report("drain");
  for (const std::size_t value_bytes : flags.value_bytes) {
    const std::uint64_t count = backlog_of(flags, value_bytes);
    if (flags.only != "steady") report.add(Bench(flags, value_bytes, count).drain());
    if (flags.only != "backlog") {
      report.add(Bench(flags, value_bytes, count / kSteadyShare).steady());
    }
  }
  report.print_table();
}

}  // namespace
}  // namespace outbox::bench

int main(int argc, char** argv) {
  outbox::bench::Flags flags;
  CLI::App app{
      "Drains an outbox to Kafka beside librdkafka alone, and beside RocksDB and librdkafka"};
  flags.add_to(app);
  outbox::bench::add_value_bytes_flag(app, flags.value_bytes);
  app.add_option("--megabytes", flags.megabytes,
                 "of values in a backlog, at most 5 M messages; a stream has a quarter");
  app.add_option("--messages", flags.messages, "in a backlog, instead of --megabytes");
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

// How fast does a backlog reach Kafka, and how fast do messages that are
// appended meanwhile, compared with librdkafka alone on the same brokers,
// topic, settings, headers and placement? Relay and librdkafka take turns.

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <iostream>
#include <random>
#include <thread>

#include "outbox/outbox.h"
#include "outbox/relay.h"
#include "raw_kafka.h"
#include "report.h"

namespace outbox::bench {
namespace {

constexpr std::chrono::minutes kDrainMax{10};
constexpr std::size_t kBatchEntries = 1'000;

struct Flags {
  std::string dir = "bench-drain";
  std::string bootstrap_servers;
  std::vector<std::size_t> value_bytes{100, 1'024};
  std::uint64_t megabytes = 200;  ///< of values in one run
  std::uint64_t messages_max = 1'000'000;
  std::int32_t partitions = 6;
  int repeats = 3;
  bool quick = false;
};

struct Sample {
  double per_second = 0;
  double cpu_us = 0;  ///< of this process, per message
  std::uint64_t resent = 0;
  std::uint64_t rebuilds = 0;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// One run of one side: what `work` costs for `count` messages.
template <typename Work>
Sample timed(std::uint64_t count, Work work) {
  const double cpu = cpu_seconds();
  const StopWatch watch;
  work();
  const double elapsed = watch.seconds();
  const auto messages = static_cast<double>(count);
  return {messages / elapsed, (cpu_seconds() - cpu) * 1e6 / messages};
}

void must(const Status& status) {
  if (status.ok()) return;
  std::cerr << "drain: " << status.to_string() << '\n';
  std::exit(1);
}

/// A run with rebuilds measures the brokers' trouble as well: it must be seen.
Sample with_troubles(Sample sample, const Relay& relay) {
  const RelayStats stats = relay.stats();
  sample.resent = stats.resent;
  for (const auto& [reason, count] : stats.rebuilds) sample.rebuilds += count;
  return sample;
}

class Bench {
 public:
  Bench(const Flags& flags, std::size_t value_bytes);
  Row drain();
  Row steady();

 private:
  std::unique_ptr<Outbox> open();
  void fill(Outbox& outbox);
  Sample drain_outbox();
  Sample steady_outbox();
  Sample raw();
  Row compare(const char* what, Sample (Bench::*outbox_side)());

  const Flags flags_;
  RelayOptions options_;
  std::string value_;
  std::uint64_t count_ = 0;
  std::unique_ptr<BenchTopic> topic_;
};

Bench::Bench(const Flags& flags, std::size_t value_bytes) : flags_(flags) {
  options_.bootstrap_servers = flags.bootstrap_servers;
  std::random_device device;
  const std::string name =
      "bench-drain-" + std::to_string(value_bytes) + "-" + std::to_string(device());
  std::mt19937_64 random(20'260'101);
  value_.resize(value_bytes);
  for (char& c : value_) c = static_cast<char>(random());
  count_ = std::min(flags.messages_max, flags.megabytes * 1'000'000 / value_bytes);
  count_ -= count_ % kBatchEntries;
  topic_ = std::make_unique<BenchTopic>(options_, name, flags.partitions);
}

std::unique_ptr<Outbox> Bench::open() {
  std::filesystem::remove_all(flags_.dir);
  auto opened = Outbox::open(flags_.dir, Options{});
  must(opened.status());
  return std::move(opened).value();
}

void Bench::fill(Outbox& outbox) {
  Message message;
  message.topic = topic_->name();
  message.value = value_;
  const std::vector<Message> batch(kBatchEntries, message);
  for (std::uint64_t i = 0; i < count_; i += kBatchEntries) {
    must(outbox.append_batch(batch).status());
  }
}

Sample Bench::drain_outbox() {
  const auto outbox = open();
  fill(*outbox);
  std::unique_ptr<Relay> relay;
  const Sample sample = timed(count_, [&] {
    auto started = Relay::start(*outbox, options_);
    must(started.status());
    relay = std::move(started).value();
    must(relay->drain(kDrainMax));
  });
  return with_troubles(sample, *relay);
}

Sample Bench::steady_outbox() {
  const auto outbox = open();
  auto relay = Relay::start(*outbox, options_);
  must(relay.status());
  Message message;
  message.topic = topic_->name();
  message.value = value_;
  must(outbox->append(message).status());
  must((*relay)->drain(kDrainMax));
  const AppendCallback done = [](const Result<Appended>& appended) { must(appended.status()); };
  const Sample sample = timed(count_, [&] {
    for (std::uint64_t i = 0; i < count_; ++i) outbox->append_async(message, done);
    must(outbox->flush_until(topic_->name(), count_ + 1, kDrainMax));
  });
  return with_troubles(sample, **relay);
}

Sample Bench::raw() {
  return timed(count_, [&] {
    RawProducer producer(options_, topic_->name(), flags_.partitions);
    producer.produce_all(value_, count_);
  });
}

Row Bench::compare(const char* what, Sample (Bench::*outbox_side)()) {
  std::vector<double> outbox;
  std::vector<double> raw_rate;
  std::vector<double> ratios;
  std::vector<double> outbox_cpu;
  std::vector<double> raw_cpu;
  std::uint64_t resent = 0;
  std::uint64_t rebuilds = 0;
  for (int i = 0; i < flags_.repeats; ++i) {
    // Who begins changes, so that a trend of the machine hits both.
    const bool outbox_first = i % 2 == 0;
    const Sample first = outbox_first ? (this->*outbox_side)() : raw();
    const Sample second = outbox_first ? raw() : (this->*outbox_side)();
    const Sample& ours = outbox_first ? first : second;
    const Sample& theirs = outbox_first ? second : first;
    outbox.push_back(ours.per_second);
    outbox_cpu.push_back(ours.cpu_us);
    raw_rate.push_back(theirs.per_second);
    raw_cpu.push_back(theirs.cpu_us);
    resent += ours.resent;
    rebuilds += ours.rebuilds;
    ratios.push_back(ours.per_second / theirs.per_second);
  }
  Row row;
  row.set("what", what)
      .set("bytes", std::uint64_t{value_.size()})
      .set("messages", count_)
      .set("n", static_cast<std::uint64_t>(flags_.repeats))
      .set("relay_per_s", median(outbox))
      .set("raw_per_s", median(raw_rate))
      .set("ratio", median(ratios))
      .set("lowest", *std::min_element(ratios.begin(), ratios.end()))
      .set("highest", *std::max_element(ratios.begin(), ratios.end()))
      .set("relay_cpu_us", median(outbox_cpu))
      .set("raw_cpu_us", median(raw_cpu))
      .set("resent", resent)
      .set("rebuilds", rebuilds);
  return row;
}

Row Bench::drain() { return compare("backlog", &Bench::drain_outbox); }
Row Bench::steady() { return compare("steady", &Bench::steady_outbox); }

void run(const Flags& flags) {
  Report report("drain");
  for (const std::size_t value_bytes : flags.value_bytes) {
    Bench bench(flags, value_bytes);
    report.add(bench.drain());
    report.add(bench.steady());
  }
  report.print_table();
  std::filesystem::remove_all(flags.dir);
}

}  // namespace
}  // namespace outbox::bench

int main(int argc, char** argv) {
  outbox::bench::Flags flags;
  CLI::App app{"Drains an outbox to Kafka beside raw librdkafka"};
  app.add_option("--bootstrap-servers", flags.bootstrap_servers)->required();
  app.add_option("--dir", flags.dir, "where the outbox is made; emptied");
  app.add_option("--value-bytes", flags.value_bytes)->delimiter(',');
  app.add_option("--megabytes", flags.megabytes, "of values in one run of one side");
  app.add_option("--messages-max", flags.messages_max, "in one run of one side");
  app.add_option("--partitions", flags.partitions);
  app.add_option("--repeats", flags.repeats, "runs of each side; medians are printed");
  app.add_flag("--quick", flags.quick, "one short run each: does it still run?");
  CLI11_PARSE(app, argc, argv);
  if (flags.quick) {
    flags.megabytes = 5;
    flags.repeats = 1;
  }
  outbox::bench::run(flags);
  return 0;
}

// How long does an append take while a backlog drains at full speed? Beside
// RocksDB's own synced write, to a database of the same size, while librdkafka
// sends as fast as the backlog drained, and while a backlog is read from that database and sent at
// full speed. Open loop: time counts from when an append was due.

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "bare_outbox.h"
#include "bench_topics.h"
#include "fresh_outbox.h"
#include "kafka_flags.h"
#include "measure.h"
#include "paced.h"
#include "raw_kafka.h"
#include "rocks_alone.h"
#include "store/format.h"
#include "value_sizes.h"
#include "warm_brokers.h"

namespace outbox::bench {
namespace {

// Fewer appends than this have no 99th percentile.
constexpr std::size_t kAppendsMin = 100;
constexpr std::uint64_t kBacklogMax = 5'000'000;
constexpr std::chrono::milliseconds kLook{1};

struct Flags : KafkaFlags {
  std::vector<std::size_t> value_bytes = kValueSizes;
  int threads = 8;
  double per_second = 400;
  double seconds = 8;               ///< of one run; it ends with the backlog
  std::uint64_t megabytes = 1'600;  ///< of values in the backlog, at most kBacklogMax of them
};

struct Sample : Percentiles {
  double appended_per_second = 0;  ///< below what was due: they could not keep up
  double sent_per_second = 0;      ///< to Kafka, meanwhile
  double processor_wait_us = 0;    ///< of its caller, an append
};

Sample sample_of(PacedCalls calls, double seconds, double sent_per_second) {
  const std::size_t appends = calls.took_us.size();
  if (appends < kAppendsMin) {
    die("only " + std::to_string(appends) + " appends; a longer backlog (--megabytes) has more");
  }
  return {percentiles(std::move(calls.took_us)), static_cast<double>(appends) / seconds,
          sent_per_second, calls.processor_wait_us / static_cast<double>(appends)};
}

class Bench {
 public:
  Bench(const Flags& flags, std::size_t value_bytes)
      : flags_(flags), options_(flags.relay_options()), value_(random_text(value_bytes)) {}
  Row compare();

 private:
  std::uint64_t backlog() const {
    const std::uint64_t wanted =
        std::min(flags_.megabytes * 1'000'000 / value_.size(), kBacklogMax);
    return wanted - wanted % kFillEntries;
  }
  BenchTopics topic() const { return {options_, "bench-mixed", 1, flags_.partitions}; }
  Sample outbox();
  Sample raw() const;
  Sample bare() const;
  using More = std::function<bool()>;
  Sample beside(RocksAlone& rocks, const std::function<void(const More&)>& send) const;

  const Flags flags_;
  const RelayOptions options_;
  const std::string value_;
  double drained_per_second_ = 0;  ///< by the last run of the outbox
};

Sample Bench::outbox() {
  const BenchTopics topic = this->topic();
  FreshOutbox outbox(flags_.dir);
  const Message message = message_of(topic.name(), value_);
  const std::uint64_t backlog = this->backlog();
  outbox.fill(message, backlog);
  come_to_rest();
  const auto relay = value_of(Relay::start(*outbox, options_));
  const auto delivered = [&relay] { return relay->stats().delivered; };
  // One message alone in each partition comes first: not full speed yet.
  while (delivered() < kFillEntries) std::this_thread::sleep_for(kLook);
  const std::uint64_t before = delivered();
  std::atomic<bool> over{false};
  double seconds = 0;
  std::thread drain([&] {
    const StopWatch watch;
    while (watch.seconds() < flags_.seconds && delivered() < backlog) {
      std::this_thread::sleep_for(kLook);
    }
    seconds = watch.seconds();
    drained_per_second_ = static_cast<double>(delivered() - before) / seconds;
    over = true;
  });
  PacedCalls calls = paced(
      flags_.threads, flags_.per_second, [&over] { return !over; },
      [&] { must(outbox->append(message)); });
  drain.join();
  return sample_of(std::move(calls), seconds, drained_per_second_);
}

Sample Bench::raw() const {
  const BenchTopics topic = this->topic();
  RocksAlone rocks(flags_.dir);
  rocks.fill(record_of(value_), backlog());
  RawProducer producer(options_, topic.names(), flags_.partitions);
  Values values(value_, options_.in_flight_bytes_max);
  producer.produce_all(values, kFillEntries);
  come_to_rest();
  return beside(rocks, [&](const More& more) {
    const StopWatch watch;
    double due = 0;
    producer.produce_while(values, [&] {
      while (due >= watch.seconds() * drained_per_second_) std::this_thread::sleep_for(kLook);
      ++due;
      return more();
    });
  });
}

Sample Bench::bare() const {
  const BenchTopics topic = this->topic();
  BareOutbox bare(options_, topic, flags_.dir);
  bare.fill(value_, backlog());
  bare.connect();
  come_to_rest();
  return beside(bare.rocks(), [&](const More& more) { bare.drain(more); });
}

/// RocksDB's own writes while `send` is at work, which asks before each message.
Sample Bench::beside(RocksAlone& rocks, const std::function<void(const More&)>& send) const {
  std::atomic<bool> over{false};
  double seconds = 0;
  double sent = 0;
  std::thread sender([&] {
    const StopWatch watch;
    send([&] {
      seconds = watch.seconds();
      over = seconds >= flags_.seconds;
      sent += over ? 0 : 1;
      return !over;
    });
    over = true;
  });
  const std::string record = record_of(value_);
  std::atomic<Seq> next{backlog() + 1};
  PacedCalls calls = paced(
      flags_.threads, flags_.per_second, [&over] { return !over; },
      [&] {
        rocksdb::WriteBatch batch;
        must(batch.Put(store::entry_key(1, next.fetch_add(1)), record));
        rocks.write(batch);
      });
  sender.join();
  return sample_of(std::move(calls), seconds, sent / seconds);
}

Row Bench::compare() {
  const auto samples = alternate<Sample>(
      flags_.repeats,
      {[this] { return outbox(); }, [this] { return raw(); }, [this] { return bare(); }});
  const std::vector<Sample>& outbox = samples[0];
  const std::vector<Sample>& raw = samples[1];
  const std::vector<Sample>& bare = samples[2];
  Row row;
  row.set("bytes", std::uint64_t{value_.size()})
      .set("threads", static_cast<std::uint64_t>(flags_.threads))
      .set("appends_due_per_s", flags_.per_second)
      .set("n", static_cast<std::uint64_t>(flags_.repeats))
      .set("outbox_per_s", median_of(outbox, &Sample::appended_per_second))
      .set("rocksdb_per_s", median_of(raw, &Sample::appended_per_second))
      .set("bare_per_s", median_of(bare, &Sample::appended_per_second))
      .set("drained_per_s", median_of(outbox, &Sample::sent_per_second))
      .set("raw_sent_per_s", median_of(raw, &Sample::sent_per_second))
      .set("bare_sent_per_s", median_of(bare, &Sample::sent_per_second));
  const auto set = [&](const std::string& prefix, double Sample::*figure) {
    row.set("outbox_" + prefix + "us", median_of(outbox, figure))
        .set("rocksdb_" + prefix + "us", median_of(raw, figure));
    set_ratio(row, outbox, raw, figure, prefix);
    row.set("bare_" + prefix + "us", median_of(bare, figure));
    set_ratio(row, outbox, bare, figure, "bare_" + prefix);
  };
  set("p50_", &Sample::p50_us);
  set("p99_", &Sample::p99_us);
  row.set("outbox_cpu_wait_us", median_of(outbox, &Sample::processor_wait_us))
      .set("rocksdb_cpu_wait_us", median_of(raw, &Sample::processor_wait_us))
      .set("bare_cpu_wait_us", median_of(bare, &Sample::processor_wait_us));
  return row;
}

void run(const Flags& flags) {
  warm_brokers(flags);
  Report report("mixed");
  for (const std::size_t value_bytes : flags.value_bytes) {
    report.add(Bench(flags, value_bytes).compare());
  }
  report.print_table();
}

}  // namespace
}  // namespace outbox::bench

int main(int argc, char** argv) {
  outbox::bench::Flags flags;
  CLI::App app{"Appends while a backlog drains, beside RocksDB while librdkafka sends"};
  flags.add_to(app);
  outbox::bench::add_value_bytes_flag(app, flags.value_bytes);
  app.add_option("--threads", flags.threads, "that append");
  app.add_option("--rate", flags.per_second, "appends a second, of all threads together");
  app.add_option("--seconds", flags.seconds, "of one run at most; it ends with the backlog");
  app.add_option("--megabytes", flags.megabytes, "of values in the backlog");
  CLI11_PARSE(app, argc, argv);
  if (flags.quick) {
    flags.value_bytes = {100};
    flags.seconds = 2;
    flags.megabytes = 80;
    flags.repeats = 1;
  }
  outbox::bench::run(flags);
  return 0;
}

// How fast do messages get to Kafka durably: each one safe before it counts as
// accepted, until the last one is in Kafka? The outbox beside the lower of what
// its two halves reach alone, and beside what one would use instead. All take
// turns, each run with a topic of its own.

#include <algorithm>
#include <thread>

#include "append_sides.h"
#include "bench_topics.h"
#include "kafka_flags.h"
#include "measure.h"
#include "raw_kafka.h"
#include "rival.h"
#include "rsyslog.h"
#include "value_sizes.h"
#include "warm_brokers.h"

namespace outbox::bench {
namespace {

constexpr double kQuietSecondsMax = 30;

struct Flags : KafkaFlags {
  std::vector<std::size_t> value_bytes = kValueSizes;
  double seconds = 3;
};

/// One run of one side.
struct Through {
  double per_second = 0;
  std::uint64_t extra = 0;  ///< in Kafka beyond what was accepted: doubled on the way
};

class Bench {
 public:
  Bench(const Flags& flags, std::size_t value_bytes)
      : flags_(flags), options_(flags.relay_options()), value_bytes_(value_bytes) {}
  void compare(Report& report) const;

 private:
  using Samples = std::vector<std::vector<Through>>;

  Site site(const BenchTopics& topic) const;
  Through append_alone() const;
  Through send_alone() const;
  Through rival(const std::string& name) const;
  Through rsyslog(Rsyslog::Queue queue) const;
  template <typename Take>
  Through measure(const BenchTopics& topic, Take take) const;
  Row row(const char* what, const std::vector<Through>& outbox,
          const std::vector<Through>& other) const;
  Row not_run(const char* what) const;

  const Flags flags_;
  const RelayOptions options_;
  const std::size_t value_bytes_;
};

Site Bench::site(const BenchTopics& topic) const {
  const auto dir = std::filesystem::absolute(flags_.dir);
  std::filesystem::remove_all(dir);
  std::filesystem::create_directories(dir);
  return {dir, options_, topic.name(), topic.partitions()};
}

/// `take` accepts what a feed gives, and returns when all of it is in Kafka.
template <typename Take>
Through Bench::measure(const BenchTopics& topic, Take take) const {
  const std::uint64_t there_before = topic.messages();
  std::atomic<std::uint64_t> accepted{0};
  Feed first(value_bytes_, [&first] { return first.given() == 0; });
  take(first, accepted);
  // Connected, and past the first messages, which go alone.
  const std::uint64_t warm = accepted;
  const StopWatch watch;
  Feed feed(value_bytes_, [&] { return watch.seconds() < flags_.seconds; });
  take(feed, accepted);
  const double elapsed = watch.seconds();
  const std::uint64_t arrived = topic.messages() - there_before;
  if (arrived < accepted) die("accepted messages are missing in Kafka");
  return {static_cast<double>(accepted - warm) / elapsed, arrived - accepted};
}

Through Bench::append_alone() const {
  return {rocksdb_batches({value_bytes_, flags_.seconds, flags_.dir}).per_second};
}

Through Bench::send_alone() const {
  const BenchTopics topic(options_, "bench-send", 1, flags_.partitions);
  RawProducer producer(options_, topic.names(), topic.partitions());
  Values values(random_text(value_bytes_), options_.in_flight_bytes_max);
  producer.produce_all(values, 1);
  const StopWatch watch;
  const std::uint64_t sent =
      producer.produce_while(values, [&] { return watch.seconds() < flags_.seconds; });
  return {static_cast<double>(sent) / watch.seconds()};
}

Through Bench::rival(const std::string& name) const {
  const BenchTopics topic(options_, "bench-" + name, 1, flags_.partitions);
  const auto rival = make_rival(name, site(topic));
  return measure(topic, [&](Feed& feed, std::atomic<std::uint64_t>& accepted) {
    rival->accept(feed, accepted);
    rival->drain();
  });
}

Through Bench::rsyslog(Rsyslog::Queue queue) const {
  const BenchTopics topic(options_, "bench-rsyslog", 1, flags_.partitions);
  Rsyslog rsyslog(site(topic), queue);
  const std::uint64_t before = topic.messages();
  return measure(topic, [&](Feed& feed, std::atomic<std::uint64_t>& accepted) {
    rsyslog.accept(feed, accepted);
    StopWatch since_new;
    for (std::uint64_t last = 0, now = 0; (now = topic.messages()) < before + accepted;) {
      if (now > last) since_new = StopWatch();
      if (since_new.seconds() > kQuietSecondsMax) die("rsyslog does not deliver all");
      last = now;
      std::this_thread::sleep_for(kIdle);
    }
  });
}

Row Bench::row(const char* what, const std::vector<Through>& outbox,
               const std::vector<Through>& other) const {
  Row row;
  row.set("against", what)
      .set("bytes", std::uint64_t{value_bytes_})
      .set("n", std::uint64_t{outbox.size()})
      .set("outbox_per_s", median_of(outbox, &Through::per_second))
      .set("other_per_s", median_of(other, &Through::per_second));
  set_ratio(row, outbox, other, &Through::per_second);
  std::uint64_t extra = 0;
  for (const Through& one : other) extra += one.extra;
  return row.set("extra", extra);
}

Row Bench::not_run(const char* what) const {
  return Row()
      .set("against", what)
      .set("bytes", std::uint64_t{value_bytes_})
      .set("not_run", "rsyslog and rsyslog-kafka are not installed");
}

void Bench::compare(Report& report) const {
  std::vector<std::function<Through()>> sides{
      [this] { return rival("outbox"); }, [this] { return append_alone(); },
      [this] { return send_alone(); }, [this] { return rival("naive"); },
      [this] { return rival("sqlite"); }};
  if (Rsyslog::installed()) {
    sides.emplace_back([this] { return rsyslog(Rsyslog::Queue::kSynced); });
    sides.emplace_back([this] { return rsyslog(Rsyslog::Queue::kAsShipped); });
  }
  const auto samples = alternate<Through>(flags_.repeats, sides);
  const std::vector<Through>& outbox = samples[0];
  std::vector<Through> lower;
  std::vector<Through> in_turn;
  for (std::size_t i = 0; i < outbox.size(); ++i) {
    const double append = samples[1][i].per_second;
    const double send = samples[2][i].per_second;
    lower.push_back({std::min(append, send)});
    in_turn.push_back({append * send / (append + send)});
  }
  report.add(row("append alone", outbox, samples[1]));
  report.add(row("send alone", outbox, samples[2]));
  report.add(row("the lower of both", outbox, lower));
  report.add(row("the one, then the other", outbox, in_turn));
  report.add(row("naive outbox", outbox, samples[3]));
  report.add(row("SQLite outbox", outbox, samples[4]));
  const std::array names{"rsyslog, synced", "rsyslog, as shipped"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    report.add(Rsyslog::installed() ? row(names[i], outbox, samples[5 + i]) : not_run(names[i]));
  }
}

void run(const Flags& flags) {
  warm_brokers(flags);
  Report report("rivals");
  for (const std::size_t value_bytes : flags.value_bytes) Bench(flags, value_bytes).compare(report);
  report.print_table();
  std::filesystem::remove_all(flags.dir);
}

}  // namespace
}  // namespace outbox::bench

int main(int argc, char** argv) {
  outbox::bench::Flags flags;
  CLI::App app{"Append to Kafka, each message durable, beside what one would use instead"};
  flags.add_to(app);
  outbox::bench::add_value_bytes_flag(app, flags.value_bytes);
  app.add_option("--seconds", flags.seconds, "for which messages are accepted in one run");
  CLI11_PARSE(app, argc, argv);
  if (flags.quick) {
    flags.value_bytes = {100};
    flags.seconds = 0.3;
    flags.repeats = 1;
  }
  outbox::bench::run(flags);
  return 0;
}

// Does the rate hold with many topics, and what memory do they take? The same
// messages, appended and relayed at once, to one topic or spread over many, beside
// librdkafka alone with the same spread. All cases take turns, each run with topics
// and a process of its own. One partition a topic: with more, a thousand topics
// would measure the brokers. What librdkafka keeps is the same however many messages
// there are, and to many topics it is slow: there it sends a tenth of them.

#include <algorithm>

#include "fresh_outbox.h"
#include "kafka_flags.h"
#include "kept_topics.h"
#include "measure.h"
#include "own_process.h"
#include "raw_kafka.h"
#include "warm_brokers.h"

namespace outbox::bench {
namespace {

constexpr std::size_t kManyTopics = 100;
constexpr std::uint64_t kRawShareOfMany = 10;
constexpr double kMega = 1e6;

struct Flags : KafkaFlags {
  Flags() { partitions = 1; }
  std::vector<int> topics{1, 10, 1'000};
  std::size_t value_bytes = 100;
  std::uint64_t messages = 5'000'000;
};

struct Sample : Timed {
  Troubles troubles;
  double peak_mb = 0;  ///< of resident memory
};

class Bench {
 public:
  explicit Bench(const Flags& flags)
      : flags_(flags), options_(flags.relay_options()), value_(random_text(flags.value_bytes)) {}
  void compare(Report& report) const;

 private:
  using Run = Sample (Bench::*)(const std::vector<std::string>& topics) const;
  Sample alone(Run run, int count) const;
  Sample outbox(const std::vector<std::string>& topics) const;
  Sample raw(const std::vector<std::string>& topics) const;

  const Flags flags_;
  const RelayOptions options_;
  const std::string value_;
};

Sample Bench::alone(Run run, int count) const {
  const KeptTopics topics(options_, "bench-topics", count, flags_.partitions);
  return in_child([&] {
    Sample sample = (this->*run)(topics.names());
    sample.peak_mb = static_cast<double>(memory().peak_bytes) / kMega;
    return sample;
  });
}

Sample Bench::outbox(const std::vector<std::string>& topics) const {
  FreshOutbox outbox(flags_.dir);
  const auto relay = value_of(Relay::start(*outbox, options_));
  std::vector<Message> turn;
  for (const std::string& name : topics) turn.push_back(message_of(name, value_));
  // Connected, and past the first message of each partition, which goes alone.
  outbox.append_through(*relay, turn, turn.size());
  const Timed took =
      timed(flags_.messages, [&] { outbox.append_through(*relay, turn, flags_.messages); });
  return {took, troubles_of(*relay)};
}

Sample Bench::raw(const std::vector<std::string>& topics) const {
  RawProducer producer(options_, topics, flags_.partitions);
  producer.wait_for_leaders();
  Values values(value_, options_.in_flight_bytes_max);
  producer.produce_all(values, topics.size());
  const std::uint64_t messages =
      topics.size() < kManyTopics ? flags_.messages : flags_.messages / kRawShareOfMany;
  return {timed(messages, [&] { producer.produce_all(values, messages); }), {}};
}

void Bench::compare(Report& report) const {
  std::vector<std::function<Sample()>> sides;
  for (const int count : flags_.topics) {
    sides.emplace_back([this, count] { return alone(&Bench::outbox, count); });
    sides.emplace_back([this, count] { return alone(&Bench::raw, count); });
  }
  const auto samples = alternate<Sample>(flags_.repeats, sides);
  for (std::size_t i = 0; i < flags_.topics.size(); ++i) {
    const std::vector<Sample>& outbox = samples[2 * i];
    const std::vector<Sample>& raw = samples[2 * i + 1];
    Troubles troubles;
    for (const Sample& sample : outbox) troubles += sample.troubles;
    Row row;
    row.set("topics", static_cast<std::uint64_t>(flags_.topics[i]))
        .set("bytes", std::uint64_t{value_.size()})
        .set("messages", flags_.messages)
        .set("n", static_cast<std::uint64_t>(flags_.repeats))
        .set("outbox_per_s", median_of(outbox, &Sample::per_second))
        .set("raw_per_s", median_of(raw, &Sample::per_second));
    set_ratio(row, outbox, raw, &Sample::per_second);
    // Against the first case, of the same side.
    set_ratio(row, outbox, samples[0], &Sample::per_second, "outbox_to_first_");
    row.set("raw_to_first_ratio", median(ratios(column(raw, &Sample::per_second),
                                                column(samples[1], &Sample::per_second))))
        .set("rss_mb", median_of(outbox, &Sample::peak_mb))
        .set("rss_highest_mb", std::ranges::max(column(outbox, &Sample::peak_mb)))
        .set("raw_rss_mb", median_of(raw, &Sample::peak_mb))
        .set("resent", troubles.resent)
        .set("rebuilds", troubles.rebuilds);
    report.add(row);
  }
}

void run(const Flags& flags) {
  in_child([&] {
    warm_brokers(flags);
    return true;
  });
  Report report("topics");
  Bench(flags).compare(report);
  report.print_table();
}

}  // namespace
}  // namespace outbox::bench

int main(int argc, char** argv) {
  outbox::bench::Flags flags;
  CLI::App app{"The same messages to one topic and to many, beside raw librdkafka"};
  flags.add_to(app);
  app.add_option("--topics", flags.topics, "how many; ratios are to the first")->delimiter(',');
  app.add_option("--value-bytes", flags.value_bytes);
  app.add_option("--messages", flags.messages, "in one run, over all topics");
  CLI11_PARSE(app, argc, argv);
  if (flags.quick) {
    flags.topics = {1, 20};
    flags.messages = 20'000;
    flags.repeats = 1;
  }
  outbox::bench::run(flags);
  return 0;
}

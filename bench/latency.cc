// How long from an append to its delivery report, at a steady rate? Beside the
// least that it can be: one synced write of RocksDB for all that is due, then
// librdkafka with the same settings. Open loop: time counts from when a message
// was due. Both take turns, each run with a topic of its own.

#include <atomic>
#include <thread>

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

// Connecting, the first messages of a partition, cold caches: not what is asked.
constexpr double kWarmSeconds = 1;

struct Flags : KafkaFlags {
  std::vector<std::size_t> value_bytes = kValueSizes;
  double per_second = 1'000;
  double seconds = 10;
  std::int64_t linger_ms = RelayOptions{}.linger_ms.count();
};

/// One message: when it was due, and how long its report took from then.
struct Slot {
  Clock::time_point due;
  double took_us = 0;
  void reported() { took_us = us_since(due); }
};

class Bench {
 public:
  Bench(const Flags& flags, std::size_t value_bytes)
      : flags_(flags), options_(flags.relay_options()), value_(random_text(value_bytes)) {
    options_.linger_ms = std::chrono::milliseconds(flags.linger_ms);
  }
  Row compare() const;

 private:
  BenchTopics topic() const { return {options_, "bench-latency", 1, flags_.partitions}; }
  std::vector<Slot> slots() const {
    return std::vector<Slot>(
        static_cast<std::size_t>(flags_.per_second * (flags_.seconds + kWarmSeconds)));
  }
  Percentiles without_warm_up(const std::vector<Slot>& slots) const;
  Percentiles outbox() const;
  Percentiles raw() const;

  const Flags flags_;
  RelayOptions options_;
  const std::string value_;
};

Percentiles Bench::without_warm_up(const std::vector<Slot>& slots) const {
  std::vector<double> took_us;
  for (auto i = static_cast<std::size_t>(flags_.per_second * kWarmSeconds); i < slots.size(); ++i) {
    took_us.push_back(slots[i].took_us);
  }
  return percentiles(std::move(took_us));
}

Percentiles Bench::outbox() const {
  const BenchTopics topic = this->topic();
  FreshOutbox outbox(flags_.dir);
  std::vector<Slot> slots = this->slots();
  std::atomic<std::size_t> reported{0};
  const auto relay = value_of(Relay::start(*outbox, options_));
  const Message message = message_of(topic.name(), value_);
  Pace pace(flags_.per_second);
  for (Slot& slot : slots) {
    slot.due = pace.wait();
    outbox->append_async(message, must_be_durable, [&slot, &reported](const DeliveryOutcome& how) {
      if (!how.delivered()) die("a message became a dead letter");
      slot.reported();
      ++reported;
      reported.notify_one();
    });
  }
  for (std::size_t now = 0; (now = reported) < slots.size();) reported.wait(now);
  return without_warm_up(slots);
}

Percentiles Bench::raw() const {
  const BenchTopics topic = this->topic();
  RocksAlone rocks(flags_.dir);
  RawProducer producer(options_, topic.names(), flags_.partitions);
  std::vector<Slot> slots = this->slots();
  std::thread reports([&producer, count = slots.size()] {
    for (std::size_t reported = 0; reported < count;) {
      reported += producer.take_reports(
          std::chrono::seconds(1), [](void* opaque) { static_cast<Slot*>(opaque)->reported(); });
    }
  });
  const std::string record = record_of(value_);
  Pace pace(flags_.per_second);
  rocksdb::WriteBatch batch;
  for (std::size_t next = 0; next < slots.size();) {
    std::size_t end = next;
    batch.Clear();
    do {
      slots[end].due = pace.wait();
      must(batch.Put(store::entry_key(1, end + 1), record));
      ++end;
    } while (end < slots.size() && pace.next() <= Clock::now());
    rocks.write(batch);
    for (; next < end; ++next) producer.produce(value_, RawProducer::Copy::kNo, &slots[next]);
  }
  reports.join();
  return without_warm_up(slots);
}

Row Bench::compare() const {
  const auto samples = alternate<Percentiles>(
      flags_.repeats, {[this] { return outbox(); }, [this] { return raw(); }});
  const std::vector<Percentiles>& outbox = samples[0];
  const std::vector<Percentiles>& raw = samples[1];
  Row row;
  row.set("bytes", std::uint64_t{value_.size()})
      .set("messages_per_s", flags_.per_second)
      .set("linger_ms", static_cast<std::uint64_t>(flags_.linger_ms))
      .set("n", static_cast<std::uint64_t>(flags_.repeats))
      .set("outbox_p50_us", median_of(outbox, &Percentiles::p50_us))
      .set("raw_p50_us", median_of(raw, &Percentiles::p50_us));
  set_ratio(row, outbox, raw, &Percentiles::p50_us, "p50_");
  row.set("outbox_p99_us", median_of(outbox, &Percentiles::p99_us))
      .set("raw_p99_us", median_of(raw, &Percentiles::p99_us));
  set_ratio(row, outbox, raw, &Percentiles::p99_us, "p99_");
  return row;
}

void run(const Flags& flags) {
  warm_brokers(flags);
  Report report("latency");
  for (const std::size_t value_bytes : flags.value_bytes) {
    report.add(Bench(flags, value_bytes).compare());
  }
  report.print_table();
}

}  // namespace
}  // namespace outbox::bench

int main(int argc, char** argv) {
  outbox::bench::Flags flags;
  CLI::App app{"From append to delivery report, beside a synced write and then librdkafka"};
  flags.add_to(app);
  outbox::bench::add_value_bytes_flag(app, flags.value_bytes);
  app.add_option("--rate", flags.per_second, "messages a second");
  app.add_option("--seconds", flags.seconds, "of one run, after one to warm up");
  app.add_option("--linger-ms", flags.linger_ms, "of both sides");
  CLI11_PARSE(app, argc, argv);
  if (flags.quick) {
    flags.value_bytes = {100};
    flags.seconds = 1;
    flags.repeats = 1;
  }
  outbox::bench::run(flags);
  return 0;
}

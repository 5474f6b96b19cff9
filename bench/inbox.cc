// How fast are messages processed? The inbox, whose handler writes one key for each, beside a
// consumer that uses librdkafka alone, writes the same key to a RocksDB of its own and commits
// after each batch. Both take turns on one topic, each run with a group and a store of its own.

#include "outbox/inbox.h"

#include <rocksdb/write_batch.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>

#include "base/endian.h"
#include "bench_topics.h"
#include "kafka/consumer_settings.h"
#include "kafka_flags.h"
#include "measure.h"
#include "raw_kafka.h"
#include "rocks_alone.h"
#include "value_sizes.h"
#include "warm_brokers.h"

namespace outbox::bench {
namespace {

constexpr std::size_t kBatch = 1'000;
constexpr int kWaitMs = 1'000;
constexpr int kSilentRoundsMax = 60;
constexpr std::chrono::seconds kLook{1};

using RawBatch = std::vector<rd_kafka_message_t*>;

struct Flags : KafkaFlags {
  std::vector<std::size_t> value_bytes = kValueSizes;
  std::uint64_t megabytes = 100;  ///< of values in the topic
  std::size_t workers = 2;
};

/// What the handlers write: offset and partition.
std::string key_of(std::int64_t offset, std::int32_t partition) {
  std::string key;
  append_big(key, static_cast<std::uint64_t>(offset));
  append_big(key, static_cast<std::uint32_t>(partition));
  return key;
}

class Bench {
 public:
  Bench(const Flags& flags, std::size_t value_bytes)
      : flags_(flags),
        value_bytes_(value_bytes),
        topic_(flags.relay_options(), "bench-inbox", 1, flags.partitions),
        count_(flags.megabytes * 1'000'000 / value_bytes) {
    const RelayOptions options = flags.relay_options();
    RawProducer producer(options, topic_.names(), flags.partitions);
    producer.wait_for_leaders();
    Values values(random_text(value_bytes), options.in_flight_bytes_max);
    producer.produce_all(values, count_);
    count_ = topic_.messages();
  }
  Row compare();

 private:
  InboxOptions options();
  Timed inbox();
  Timed raw();
  void process(RocksAlone& rocks, const RawBatch& batch) const;

  const Flags flags_;
  const std::size_t value_bytes_;
  const BenchTopics topic_;
  std::uint64_t count_;  ///< with what made the topic
  int group_ = 0;
};

InboxOptions Bench::options() {
  InboxOptions options;
  options.bootstrap_servers = flags_.bootstrap_servers;
  options.group = topic_.name() + "-" + std::to_string(++group_);
  options.workers = flags_.workers;
  for (std::int32_t i = 0; i < flags_.partitions; ++i) {
    options.partitions[topic_.name()].push_back(i);
  }
  return options;
}

Timed Bench::inbox() {
  InboxOptions options = this->options();
  options.dir = flags_.dir;
  std::filesystem::remove_all(options.dir);
  std::atomic<std::uint64_t> done{0};
  std::promise<void> all_done;
  const auto handler = [this, &done, &all_done](const Received& received,
                                                rocksdb::WriteBatch& batch,
                                                const InboxState&) -> Status {
    must(batch.Put(key_of(received.offset, *received.message.partition), *received.message.value));
    if (done.fetch_add(1) + 1 == count_) all_done.set_value();
    return {};
  };
  std::unique_ptr<Inbox> inbox;
  const Timed took = timed(count_, [&] {
    inbox = value_of(Inbox::start(options, handler));
    const auto all = all_done.get_future();
    while (all.wait_for(kLook) != std::future_status::ready) must(inbox->health());
    must(inbox->stop(std::chrono::minutes(1)));
  });
  if (inbox->stats().processed != count_) die("not each message was processed once");
  inbox.reset();
  std::filesystem::remove_all(options.dir);
  return took;
}

void Bench::process(RocksAlone& rocks, const RawBatch& batch) const {
  for (const rd_kafka_message_t* message : batch) {
    if (message->err != 0) die(std::string("librdkafka: ") + rd_kafka_err2str(message->err));
    rocksdb::WriteBatch write;
    must(write.Put(key_of(message->offset, message->partition),
                   rocksdb::Slice(static_cast<const char*>(message->payload), message->len)));
    rocks.write_unsynced(write);
  }
}

Timed Bench::raw() {
  RocksAlone rocks(flags_.dir);
  return timed(count_, [&] {
    const kafka::Client client = value_of(
        kafka::make_client(value_of(kafka::consumer_properties(options())), RD_KAFKA_CONSUMER));
    rd_kafka_t* const handle = client.handle.get();
    const kafka::PartitionsPtr all(rd_kafka_topic_partition_list_new(flags_.partitions));
    for (std::int32_t i = 0; i < flags_.partitions; ++i) {
      rd_kafka_topic_partition_list_add(all.get(), topic_.name().c_str(), i)->offset = 0;
    }
    rd_kafka_poll_set_consumer(handle);
    if (rd_kafka_assign(handle, all.get()) != 0) die("librdkafka: cannot assign");
    const kafka::QueuePtr queue(rd_kafka_queue_get_consumer(handle));
    int silent = 0;
    for (std::uint64_t done = 0; done < count_;) {
      RawBatch batch(kBatch);
      const auto got = rd_kafka_consume_batch_queue(queue.get(), kWaitMs, batch.data(), kBatch);
      batch.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
      if (batch.empty() && ++silent > kSilentRoundsMax) die("librdkafka: no messages for a minute");
      if (batch.empty()) continue;
      process(rocks, batch);
      done += batch.size();
      for (rd_kafka_message_t* message : batch) {
        rd_kafka_topic_partition_list_find(all.get(), topic_.name().c_str(), message->partition)
            ->offset = message->offset + 1;
        rd_kafka_message_destroy(message);
      }
      if (rd_kafka_commit(handle, all.get(), done < count_ ? 1 : 0) != 0) die("cannot commit");
    }
    rd_kafka_consumer_close(handle);
  });
}

Row Bench::compare() {
  const auto samples =
      alternate<Timed>(flags_.repeats, {[this] { return inbox(); }, [this] { return raw(); }});
  const std::vector<Timed>& inbox = samples[0];
  const std::vector<Timed>& raw = samples[1];
  Row row;
  row.set("bytes", std::uint64_t{value_bytes_})
      .set("messages", count_)
      .set("n", static_cast<std::uint64_t>(flags_.repeats))
      .set("inbox_per_s", median_of(inbox, &Timed::per_second))
      .set("raw_per_s", median_of(raw, &Timed::per_second));
  set_ratio(row, inbox, raw, &Timed::per_second);
  row.set("inbox_cpu_us", median_of(inbox, &Timed::cpu_us))
      .set("raw_cpu_us", median_of(raw, &Timed::cpu_us));
  return row;
}

void run(const Flags& flags) {
  warm_brokers(flags);
  Report report("inbox");
  for (const std::size_t value_bytes : flags.value_bytes) {
    report.add(Bench(flags, value_bytes).compare());
  }
  report.print_table();
}

}  // namespace
}  // namespace outbox::bench

int main(int argc, char** argv) {
  outbox::bench::Flags flags;
  CLI::App app{"The inbox beside a consumer on librdkafka alone that commits after each batch"};
  flags.add_to(app);
  outbox::bench::add_value_bytes_flag(app, flags.value_bytes);
  app.add_option("--megabytes", flags.megabytes, "of values in the topic");
  app.add_option("--workers", flags.workers, "of the inbox");
  CLI11_PARSE(app, argc, argv);
  if (flags.quick) {
    flags.value_bytes = {100};
    flags.megabytes = 2;
    flags.repeats = 1;
  }
  outbox::bench::run(flags);
  return 0;
}

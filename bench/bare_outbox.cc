#include "bare_outbox.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "fresh_outbox.h"
#include "measure.h"
#include "raw_kafka.h"
#include "store/format.h"

namespace outbox::bench {

BareOutbox::BareOutbox(RelayOptions options, const BenchTopics& topics, std::filesystem::path dir)
    : options_(std::move(options)), topics_(topics), rocks_(std::move(dir)) {}

void BareOutbox::fill(const std::string& value, std::uint64_t count) { rocks_.fill(value, count); }

std::uint64_t BareOutbox::drain(const std::function<bool()>& more) {
  RawProducer producer(options_, topics_.names(), topics_.partitions());
  const std::unique_ptr<rocksdb::Iterator> scan = rocks_.scan();
  bool first = true;
  return producer.produce_from(
      [&]() -> std::optional<std::string_view> {
        if (!more()) return std::nullopt;
        if (!std::exchange(first, false)) scan->Next();
        if (scan->Valid()) return scan->value().ToStringView();
        must(scan->status());
        return std::nullopt;
      },
      RawProducer::Copy::kYes);
}

void BareOutbox::stream(const std::string& value, std::uint64_t count) {
  std::atomic<std::uint64_t> durable{0};
  std::jthread writer([&] {
    rocksdb::WriteBatch batch;
    for (std::uint64_t seq = 1; seq <= count; ++seq) {
      must(batch.Put(store::entry_key(1, seq), value));
      if (seq % kFillEntries != 0 && seq < count) continue;
      rocks_.write(batch);
      batch.Clear();
      durable = seq;
      durable.notify_one();
    }
  });
  Values values(value, options_.in_flight_bytes_max);
  RawProducer producer(options_, topics_.names(), topics_.partitions());
  std::uint64_t sent = 0;
  std::uint64_t known = 0;
  producer.produce_while(values, [&] {
    if (sent == count) return false;
    for (; known == sent; known = durable) durable.wait(known);
    ++sent;
    return true;
  });
}

}  // namespace outbox::bench

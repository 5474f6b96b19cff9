#include "bare_outbox.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "fresh_outbox.h"
#include "measure.h"
#include "store/format.h"

namespace outbox::bench {
namespace {

/// As the groups of an outbox.
constexpr std::size_t kBatchBytesMax = std::size_t{4} << 20;

/// How many are durable, told by one thread to another one.
class Durable {
 public:
  void set(std::uint64_t count) {
    const std::lock_guard lock(mutex_);
    count_ = count;
    grown_.notify_one();
  }
  /// More than so many.
  std::uint64_t wait_for_more_than(std::uint64_t known) {
    std::unique_lock lock(mutex_);
    grown_.wait(lock, [&] { return count_ > known; });
    return count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable grown_;
  std::uint64_t count_ = 0;
};

}  // namespace

BareOutbox::BareOutbox(RelayOptions options, const BenchTopics& topics, std::filesystem::path dir)
    : options_(std::move(options)), topics_(topics), rocks_(std::move(dir)) {}

void BareOutbox::fill(const std::string& value, std::uint64_t count) { rocks_.fill(value, count); }

void BareOutbox::connect() {
  producer_ = std::make_unique<RawProducer>(options_, topics_.names(), topics_.partitions());
  Values one("x", 1);
  producer_->produce_all(one, 1);
}

std::uint64_t BareOutbox::drain(const std::function<bool()>& more) {
  if (!producer_) connect();
  const std::unique_ptr<rocksdb::Iterator> scan = rocks_.scan();
  bool first = true;
  return producer_->produce_from(
      [&]() -> std::optional<std::string_view> {
        if (!more()) return std::nullopt;
        if (!std::exchange(first, false)) scan->Next();
        if (scan->Valid()) return scan->value().ToStringView();
        must(scan->status());
        return std::nullopt;
      },
      RawProducer::Copy::kYes);
}

void BareOutbox::stream(const std::string& value, Values& values, std::uint64_t count) {
  const std::uint64_t batch_entries = std::clamp<std::uint64_t>(
      kBatchBytesMax / value.size(), 1, static_cast<std::uint64_t>(kFillEntries));
  Durable durable;
  std::jthread writer([&] {
    rocksdb::WriteBatch batch;
    for (std::uint64_t seq = 1; seq <= count; ++seq) {
      must(batch.Put(store::entry_key(1, seq), value));
      if (seq % batch_entries != 0 && seq < count) continue;
      rocks_.write(batch);
      batch.Clear();
      durable.set(seq);
    }
  });
  std::uint64_t sent = 0;
  std::uint64_t known = 0;
  producer_->produce_while(values, [&] {
    if (sent == count) return false;
    if (known == sent) known = durable.wait_for_more_than(sent);
    ++sent;
    return true;
  });
}

}  // namespace outbox::bench

#include <rocksdb/db.h>

#include <thread>

#include "base/endian.h"
#include "measure.h"
#include "raw_kafka.h"
#include "rival.h"

namespace outbox::bench {
namespace {

class Naive : public Rival {
 public:
  explicit Naive(const Site& site)
      : db_(open(site.dir)),
        producer_(site.options, {site.topic}, site.partitions),
        relay_([this] { relay(); }) {}
  ~Naive() override {
    stop_ = true;
    relay_.join();
  }

  void accept(Feed& feed, std::atomic<std::uint64_t>& accepted) override {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    while (feed.more()) {
      must(db_->Put(synced, key_of(next_++), feed.next()));
      accepted.fetch_add(1, std::memory_order_relaxed);
    }
  }

  void drain() override {
    while (!empty()) std::this_thread::sleep_for(10 * kIdle);
  }

 private:
  using Iterator = std::unique_ptr<rocksdb::Iterator>;

  static std::unique_ptr<rocksdb::DB> open(const std::filesystem::path& dir) {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* db = nullptr;
    must(rocksdb::DB::Open(options, dir.string(), &db));
    return std::unique_ptr<rocksdb::DB>(db);
  }

  static std::string key_of(std::uint64_t number) {
    std::string key;
    append_big(key, number);
    return key;
  }

  bool empty() const {
    const Iterator it(db_->NewIterator({}));
    it->SeekToFirst();
    must(it->status());
    return !it->Valid();
  }

  void relay() {
    while (!stop_) {
      if (relay_once() == 0) std::this_thread::sleep_for(kIdle);
    }
  }

  std::size_t relay_once() {
    std::vector<std::string> sent;
    {
      const Iterator it(db_->NewIterator({}));
      for (it->SeekToFirst(); it->Valid() && sent.size() < kRelayEntries; it->Next()) {
        producer_.produce(it->value().ToStringView(), RawProducer::Copy::kYes);
        sent.push_back(it->key().ToString());
      }
      must(it->status());
    }
    producer_.wait();
    // Not synced: what comes back after a crash is sent twice, not lost.
    for (const std::string& key : sent) must(db_->Delete({}, key));
    return sent.size();
  }

  const std::unique_ptr<rocksdb::DB> db_;
  RawProducer producer_;
  std::uint64_t next_ = 1;
  std::atomic<bool> stop_{false};
  std::thread relay_;
};

}  // namespace

std::unique_ptr<Rival> rival_naive(const Site& site) { return std::make_unique<Naive>(site); }

}  // namespace outbox::bench

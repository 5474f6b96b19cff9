#include <rocksdb/db.h>

#include <memory>

#include "append_threads.h"
#include "outbox/message.h"
#include "store/format.h"
#include "store/rocks_options.h"

namespace outbox::bench {
namespace {

/// A store's data family without the store.
class OpenRocks {
 public:
  explicit OpenRocks(const AppendLoad& load) : dir_(load.dir) {
    std::filesystem::remove_all(dir_);
    const rocksdb::Options options(
        store::db_options(Options{}, rocksdb::Env::Default(), null_logger()),
        store::data_family_options(Options{}, std::make_shared<store::DurableHeads>()));
    rocksdb::DB* db = nullptr;
    const auto opened = rocksdb::DB::Open(options, dir_.string(), &db);
    must(opened, opened.ToString());
    db_.reset(db);
  }
  ~OpenRocks() {
    db_.reset();
    std::filesystem::remove_all(dir_);
  }
  OpenRocks(const OpenRocks&) = delete;
  OpenRocks& operator=(const OpenRocks&) = delete;

  void write(rocksdb::WriteBatch& batch) {
    const auto written = db_->Write(store::durable_write(), &batch);
    must(written, written.ToString());
  }

 private:
  const std::filesystem::path dir_;
  std::unique_ptr<rocksdb::DB> db_;
};

std::string record_of(const AppendLoad& load) {
  Message message;
  message.topic = "orders";
  message.value = random_bytes(load.value_bytes);
  std::string record;
  store::encode_body(message, 1, 1, record);
  store::seal(record, 1, 1);
  return record;
}

}  // namespace

Sample rocksdb_blocking(const AppendLoad& load, int threads) {
  OpenRocks rocks(load);
  const std::string record = record_of(load);
  std::atomic<Seq> next{1};
  return drive(threads, load.seconds, 1, [&] {
    rocksdb::WriteBatch batch;
    const auto put = batch.Put(store::entry_key(1, next.fetch_add(1)), record);
    must(put, put.ToString());
    rocks.write(batch);
  });
}

Sample rocksdb_batches(const AppendLoad& load) {
  OpenRocks rocks(load);
  const std::string record = record_of(load);
  Seq next = 1;
  rocksdb::WriteBatch batch;
  return drive(1, load.seconds, kBulkEntries, [&] {
    batch.Clear();
    for (std::size_t i = 0; i < kBulkEntries; ++i) {
      const auto put = batch.Put(store::entry_key(1, next++), record);
      must(put, put.ToString());
    }
    rocks.write(batch);
  });
}

}  // namespace outbox::bench

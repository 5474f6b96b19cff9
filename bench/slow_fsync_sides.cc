#include "slow_fsync_sides.h"

#include <rocksdb/db.h>

#include <atomic>
#include <memory>

#include "append_threads.h"
#include "backlog_fill.h"
#include "measure.h"
#include "store/format.h"
#include "store/rocks_options.h"
#include "store/store.h"

namespace outbox::bench {
namespace {

Message message_of(const AppendLoad& load) {
  Message message;
  message.topic = "orders";
  message.value = random_text(load.value_bytes);
  return message;
}

std::unique_ptr<store::Store> fresh_store(const AppendLoad& load, rocksdb::Env& env) {
  std::filesystem::remove_all(load.dir);
  return value_of(store::Store::open(load.dir, Options{}, {&env, nullptr}));
}

std::unique_ptr<rocksdb::DB> fresh_rocksdb(const AppendLoad& load, rocksdb::Env& env) {
  std::filesystem::remove_all(load.dir);
  const rocksdb::Options options(
      store::db_options(Options{}, &env, null_logger()),
      store::data_family_options(Options{}, std::make_shared<store::DurableHeads>()));
  rocksdb::DB* db = nullptr;
  must(rocksdb::DB::Open(options, load.dir.string(), &db));
  return std::unique_ptr<rocksdb::DB>(db);
}

}  // namespace

Sample SlowSides::outbox_blocking(int threads) const {
  const auto store = fresh_store(load_, env_);
  const Message message = message_of(load_);
  return drive(threads, load_.seconds, 1, [&] { must(store->append(message, {})); });
}

Sample SlowSides::outbox_async() const {
  const auto store = fresh_store(load_, env_);
  const Message message = message_of(load_);
  const AppendCallback done = [](const Result<Appended>& appended) { must(appended); };
  std::uint64_t asked = 0;
  const StopWatch watch;
  while (watch.seconds() < load_.seconds) {
    for (std::size_t i = 0; i < kBulkEntries; ++i) store->append_async(message, done, {});
    asked += kBulkEntries;
  }
  must(store->append(message, {}));  // durable after all of them
  return {static_cast<double>(asked + 1) / watch.seconds()};
}

Sample SlowSides::rocksdb_blocking(int threads) const { return rocksdb_batches(threads, 1); }
Sample SlowSides::rocksdb_batches() const { return rocksdb_batches(1, kBulkEntries); }

Sample SlowSides::rocksdb_batches(int threads, std::size_t entries) const {
  const auto db = fresh_rocksdb(load_, env_);
  std::string record;
  store::encode_body(message_of(load_), 1, 1, record);
  store::seal(record, 1, 1);
  std::atomic<Seq> next{1};
  return drive(threads, load_.seconds, entries, [&] {
    rocksdb::WriteBatch batch;
    for (std::size_t i = 0; i < entries; ++i) {
      must(batch.Put(store::entry_key(1, next.fetch_add(1)), record));
    }
    must(db->Write(store::durable_write(), &batch));
  });
}

}  // namespace outbox::bench

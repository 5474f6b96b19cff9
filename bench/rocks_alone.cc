#include "rocks_alone.h"

#include "fresh_outbox.h"
#include "measure.h"
#include "store/database.h"
#include "store/format.h"
#include "store/rocks_options.h"

namespace outbox::bench {

RocksAlone::RocksAlone(std::filesystem::path dir, rocksdb::Env* env) : dir_(std::move(dir)) {
  std::filesystem::remove_all(dir_);
  const rocksdb::Options options(
      store::db_options(Options{}, env != nullptr ? env : rocksdb::Env::Default(), null_logger()),
      store::data_family_options(Options{}, std::make_shared<store::DurableHeads>()));
  rocksdb::DB* db = nullptr;
  must(rocksdb::DB::Open(options, dir_.string(), &db));
  db_.reset(db);
}

RocksAlone::~RocksAlone() {
  db_.reset();
  std::filesystem::remove_all(dir_);
}

void RocksAlone::fill(const std::string& record, std::uint64_t count) {
  rocksdb::WriteBatch batch;
  for (std::uint64_t seq = 1; seq <= count; ++seq) {
    must(batch.Put(store::entry_key(1, seq), record));
    if (seq % kFillEntries != 0 && seq < count) continue;
    write(batch);
    batch.Clear();
  }
}

void RocksAlone::write(rocksdb::WriteBatch& batch) {
  must(db_->Write(store::durable_write(), &batch));
}

std::unique_ptr<rocksdb::Iterator> RocksAlone::scan() const {
  std::unique_ptr<rocksdb::Iterator> scan(
      db_->NewIterator(store::scan_options(nullptr, nullptr), db_->DefaultColumnFamily()));
  scan->SeekToFirst();
  return scan;
}

void RocksAlone::write_unsynced(rocksdb::WriteBatch& batch) {
  must(db_->Write(rocksdb::WriteOptions(), &batch));
}

std::string record_of(const std::string& value) {
  std::string record;
  store::encode_body(message_of("orders", value), 1, 1, record);
  store::seal(record, 1, 1);
  return record;
}

}  // namespace outbox::bench

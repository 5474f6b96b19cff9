#pragma once

#include <rocksdb/db.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace outbox::bench {

/// A store's data family without the store: the same options, fresh in `dir`,
/// gone with the object.
class RocksAlone {
 public:
  /// On `env`, which must outlive it; null: the real file system.
  explicit RocksAlone(std::filesystem::path dir, rocksdb::Env* env = nullptr);
  ~RocksAlone();
  RocksAlone(const RocksAlone&) = delete;
  RocksAlone& operator=(const RocksAlone&) = delete;

  /// `count` records under keys from 1 on, as FreshOutbox::fill leaves them.
  void fill(const std::string& record, std::uint64_t count);
  /// Synced, as the store writes. Safe from any thread.
  void write(rocksdb::WriteBatch& batch);
  /// All records in order, read as the store reads a backlog.
  std::unique_ptr<rocksdb::Iterator> scan() const;
  /// As the inbox's store writes.
  void write_unsynced(rocksdb::WriteBatch& batch);

 private:
  const std::filesystem::path dir_;
  std::unique_ptr<rocksdb::DB> db_;
};

/// A store's record of `value`, as it would be written.
std::string record_of(const std::string& value);

}  // namespace outbox::bench

#pragma once

#include <rocksdb/db.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "inbox/store_format.h"
#include "outbox/status.h"
#include "store/holder.h"

namespace outbox::inbox {

struct StoreSettings {
  std::vector<std::string> families;  ///< the handler's own, made when missing
  std::string group;
  std::size_t write_buffer_bytes = 0;
  std::chrono::milliseconds open_deadline_ms{0};
  Log log;
};

/// What a store knows of a partition.
struct StoredPartition {
  std::optional<StoredPosition> position;
  std::vector<std::pair<SessionKey, SessionState>> sessions;
  std::vector<std::int64_t> done;  ///< offsets at or above the position; ascending
};

/// The local database of an inbox: what the handler keeps, and in the family `inbox` how far each
/// partition is. Both change in one write, so they are never apart. Writes are not synced: what a
/// power cut takes it takes from the end, position and state together, and Kafka still has the
/// messages. Methods are safe to call concurrently.
class Store {
 public:
  static constexpr const char* kFamily = "inbox";

  /// Makes the directory if it is missing. kBusy names the holder; kCorruption; kUnknownVersion;
  /// kInvalidArgument: the store belongs to another group; kIoError.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& dir,
                                             const StoreSettings& settings,
                                             rocksdb::Env* env = nullptr);
  /// Syncs and closes.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// 16 hex digits, drawn when the store was made.
  const std::string& id() const { return id_; }
  rocksdb::DB& db() { return *db_; }
  /// Null: there is no such family.
  rocksdb::ColumnFamilyHandle* family(const std::string& name) const;

  Result<StoredPartition> load(const kafka::TopicPartition& where) const;

  /// One write, not synced. After a failed one every further one is kPoisoned: what it left behind
  /// is unknown until the store is opened again.
  Status write(rocksdb::WriteBatch& batch);
  /// What was written so far is on the disk.
  Status sync();

  // What a write holds beside the handler's own.
  void put_position(rocksdb::WriteBatch& batch, const kafka::TopicPartition& where,
                    const StoredPosition& position) const;
  void put_session(rocksdb::WriteBatch& batch, const kafka::TopicPartition& where,
                   const SessionKey& session, const SessionState& state) const;
  void forget_session(rocksdb::WriteBatch& batch, const kafka::TopicPartition& where,
                      const SessionKey& session) const;
  void put_done(rocksdb::WriteBatch& batch, const kafka::TopicPartition& where,
                std::int64_t offset) const;
  void drop_done(rocksdb::WriteBatch& batch, const kafka::TopicPartition& where,
                 std::int64_t offset) const;

 private:
  Store() = default;
  Status open_families(const std::filesystem::path& dir, const StoreSettings& settings,
                       rocksdb::Env& env);
  Status identify(const std::string& group);
  Status make_identity(const std::string& group);
  Result<std::string> identity(std::string_view key) const;
  rocksdb::ColumnFamilyHandle* own() const { return families_.at(kFamily); }

  std::unique_ptr<store::HolderLock> lock_;  ///< goes last
  std::unique_ptr<rocksdb::Env> env_;        ///< of db_
  std::unique_ptr<rocksdb::DB> db_;
  std::map<std::string, rocksdb::ColumnFamilyHandle*> families_;
  std::string id_;
  std::atomic<bool> poisoned_ = false;
};

}  // namespace outbox::inbox

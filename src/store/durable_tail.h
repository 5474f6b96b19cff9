#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "outbox/status.h"
#include "store/format.h"

namespace rocksdb {
class Env;
class WritableFile;
}  // namespace rocksdb

namespace outbox::store {

/// Every entry of `lane` up to `seq` was durable.
struct LaneTail {
  LaneId lane = 0;
  Seq seq = 0;
};

/// The file `durable-tail` beside the store: what was durable, kept apart from
/// RocksDB, because no RocksDB setting notices a WAL that was deleted or cut
/// short. Format and blind spot: src/store/README.md, "Recovery".
///
/// Thread-safe. A failure of record() or sync() never touches an entry: the
/// file is merely behind (a larger blind spot), and the next call starts it
/// anew. Go on after kDiskFull; anything else is a reason to stop the store.
class DurableTail {
 public:
  using Lanes = std::map<LaneId, Seq>;
  static constexpr const char* kFileName = "durable-tail";
  /// At this size (or four times what one record a lane takes, if that is
  /// more) the file is written anew with one record a lane.
  static constexpr std::uint64_t kRewriteBytes = std::uint64_t{4} << 20;

  /// Reads the file; changes nothing. kNotFound: there is none.
  /// kUnknownVersion. kCorruption: damage in a part that was fsynced. Damage
  /// in what was written after the last fsync is what a power cut does: it is
  /// skipped.
  static Result<Lanes> load(rocksdb::Env& env, const std::filesystem::path& dir);

  /// Replaces the file (if any) by a new one that holds `lanes`: durable, under
  /// its name, when this returns OK. `env` must outlive the object.
  static Result<std::unique_ptr<DurableTail>> start(rocksdb::Env& env,
                                                    const std::filesystem::path& dir, Lanes lanes);
  /// Does not sync.
  ~DurableTail();
  DurableTail(const DurableTail&) = delete;
  DurableTail& operator=(const DurableTail&) = delete;

  /// After a group was fsynced: one write call, no fsync (but for the rare
  /// rewrite). A lane's number never goes back: lower ones are ignored.
  Status record(std::span<const LaneTail> tails);
  /// fsyncs what was recorded. A no-op when nothing was recorded since. Does
  /// not hold up record() in another thread.
  Status sync();

  /// Size of the file, for tests and metrics.
  std::uint64_t file_bytes() const;

 private:
  DurableTail(rocksdb::Env& env, const std::filesystem::path& dir, Lanes lanes);
  Status rewrite();
  Status append(const std::string& slots);

  rocksdb::Env& env_;
  const std::filesystem::path dir_;
  mutable std::mutex mutex_;
  Lanes lanes_;
  std::shared_ptr<rocksdb::WritableFile> file_;  ///< null: must be written anew
  std::uint64_t nonce_ = 0;
  std::uint64_t written_bytes_ = 0;
  std::uint64_t synced_bytes_ = 0;
};

}  // namespace outbox::store

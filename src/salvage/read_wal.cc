#include "salvage/read_wal.h"

#include <rocksdb/write_batch.h>

#include "salvage/wal_records.h"

namespace outbox::salvage {
namespace {

using rocksdb::Slice;

/// The families' numbers: RocksDB gives them in the order in which open_database makes them.
enum FamilyNumber : std::uint32_t { kDataNumber = 0, kMetaNumber = 1, kDeadNumber = 2 };

/// What a batch put. What it deleted is on the pile's side: a dead letter that was dropped has a
/// purge record in the same batch.
class Puts : public rocksdb::WriteBatch::Handler {
 public:
  explicit Puts(Pile& pile) : pile_(pile) {}

  rocksdb::Status PutCF(std::uint32_t family, const Slice& key, const Slice& value) override {
    if (family == kDataNumber) return add(Family::kData, key, value);
    if (family == kMetaNumber) return add(Family::kMeta, key, value);
    if (family == kDeadNumber) return add(Family::kDead, key, value);
    return {};
  }
  rocksdb::Status DeleteCF(std::uint32_t, const Slice&) override { return {}; }
  rocksdb::Status SingleDeleteCF(std::uint32_t, const Slice&) override { return {}; }
  rocksdb::Status DeleteRangeCF(std::uint32_t, const Slice&, const Slice&) override { return {}; }

  /// The pile's.
  const Status& status() const { return status_; }

 private:
  rocksdb::Status add(Family family, const Slice& key, const Slice& value) {
    status_ = pile_.add(family, key.ToStringView(), value.ToStringView());
    return status_.ok() ? rocksdb::Status() : rocksdb::Status::Aborted();
  }

  Pile& pile_;
  Status status_;
};

}  // namespace

Result<std::string> read_wal(const std::filesystem::path& path, Pile& pile) {
  WalRecords records(path);
  Puts puts(pile);
  std::uint64_t unreadable = 0;
  while (std::optional<std::string> record = records.next()) {
    const rocksdb::Status read = rocksdb::WriteBatch(std::move(*record)).Iterate(&puts);
    if (!puts.status().ok()) return puts.status();
    if (!read.ok()) ++unreadable;
  }
  unreadable += records.damaged_places();
  if (unreadable == 0) return std::string();
  return "damaged or torn places: " + std::to_string(unreadable);
}

}  // namespace outbox::salvage

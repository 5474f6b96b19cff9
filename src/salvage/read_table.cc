#include "salvage/read_table.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table_properties.h>

#include <memory>
#include <optional>

#include "store/rocks_options.h"
#include "store/table_guard.h"

namespace outbox::salvage {
namespace {

/// More than this do not fit into a block of rocks_options.cc. Numbers are looked for one by one so
/// far, so that a whole block between two damaged ones is not passed over.
constexpr Seq kSeqsPerBlockMax = 4'096;

std::optional<Family> family_of(const rocksdb::TableProperties& table) {
  if (table.column_family_name == rocksdb::kDefaultColumnFamilyName) return Family::kData;
  if (table.column_family_name == store::kMetaFamily) return Family::kMeta;
  if (table.column_family_name == store::kDeadFamily) return Family::kDead;
  return std::nullopt;
}

class TableReading {
 public:
  TableReading(rocksdb::SstFileReader& table, Family family, Pile& pile)
      : family_(family), pile_(pile) {
    rocksdb::ReadOptions read;
    read.verify_checksums = true;
    read.fill_cache = false;
    scan_.reset(table.NewIterator(read));
    back_.reset(table.NewIterator(read));
  }

  Status run() {
    scan_->SeekToLast();
    if (scan_->Valid()) last_key_ = scan_->key().ToString();
    scan_->SeekToFirst();
    while (true) {
      if (Status status = forward(); !status.ok()) return status;
      if (scan_->status().ok()) return {};
      ++damaged_blocks_;
      if (!step_over()) return {};
      if (Status status = back_to_the_damage(); !status.ok()) return status;
    }
  }

  std::uint64_t damaged_blocks() const { return damaged_blocks_; }

 private:
  Status forward() {
    for (; scan_->Valid(); scan_->Next()) {
      at_ = scan_->key().ToString();
      if (Status status = take(*scan_); !status.ok()) return status;
    }
    return {};
  }

  /// What lies between the damaged block and where step_over() came down. With an iterator of its
  /// own: to seek the same key again may fail, when it is the first behind the damage.
  Status back_to_the_damage() {
    for (back_->SeekForPrev(scan_->key()); back_->Valid() && back_->key().ToString() > at_;
         back_->Prev()) {
      if (Status status = take(*back_); !status.ok()) return status;
    }
    return {};
  }

  Status take(const rocksdb::Iterator& entry) {
    return pile_.add(family_, entry.key().ToStringView(), entry.value().ToStringView());
  }

  /// To an entry behind the damaged block; false: nothing can be read there.
  bool step_over() {
    if (family_ != Family::kMeta && at_.size() == store::kKeyBytes) {
      const store::LaneId lane = store::lane_of_key(at_);
      const Seq seq = store::seq_of_key(at_);
      for (Seq step = 1; seq + step > seq; step += step < kSeqsPerBlockMax ? 1 : step) {
        if (reach(store::entry_key(lane, seq + step))) return true;
      }
      for (store::LaneId other = lane; other < lane_of_last();) {
        if (reach(store::entry_key(++other, 0))) return true;
      }
    }
    scan_->SeekToLast();
    return scan_->Valid() && scan_->key().ToString() > at_;
  }

  store::LaneId lane_of_last() const {
    return last_key_.size() == store::kKeyBytes ? store::lane_of_key(last_key_) : 0;
  }

  bool reach(const std::string& key) {
    scan_->Seek(key);
    return scan_->Valid();
  }

  const Family family_;
  Pile& pile_;
  std::unique_ptr<rocksdb::Iterator> scan_;
  std::unique_ptr<rocksdb::Iterator> back_;
  std::string at_;        ///< the last one read
  std::string last_key_;  ///< empty: the end of the table cannot be read
  std::uint64_t damaged_blocks_ = 0;
};

}  // namespace

Result<std::string> read_table(const std::filesystem::path& path, Pile& pile) {
  const std::unique_ptr<rocksdb::Env> guarded = store::guard_tables(*rocksdb::Env::Default());
  rocksdb::Options options;
  options.env = guarded.get();
  rocksdb::SstFileReader table(options);
  const rocksdb::Status opened = table.Open(path.string());
  if (!opened.ok()) return "cannot be read: " + opened.ToString();
  const std::optional<Family> family = family_of(*table.GetTableProperties());
  if (!family) return std::string();
  TableReading reading(table, *family, pile);
  if (Status status = reading.run(); !status.ok()) return status;
  if (reading.damaged_blocks() == 0) return std::string();
  return "damaged blocks: " + std::to_string(reading.damaged_blocks());
}

}  // namespace outbox::salvage

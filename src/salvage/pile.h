#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "outbox/status.h"
#include "store/meta.h"

namespace rocksdb {
class DB;
class Iterator;
}  // namespace rocksdb

namespace outbox::salvage {

/// The store's families (store/rocks_options.h), but for the idempotency keys.
enum class Family { kData, kMeta, kDead };

/// What is known of a lane, whatever is left of its records.
struct PiledLane {
  std::string topic;         ///< empty: its name is lost
  store::LaneRecord record;  ///< the furthest that was found
};

/// Everything whole that was found, in any order, each thing once; kept sorted in a RocksDB of its
/// own, because it may be more than fits into memory. It needs no sequence numbers of RocksDB's:
/// an entry never changes, progress only goes forward, a dead letter only becomes requeued.
class Pile {
 public:
  /// `dir` is made, and removed by the destructor.
  static Result<std::unique_ptr<Pile>> open(const std::filesystem::path& dir);
  ~Pile();
  Pile(const Pile&) = delete;
  Pile& operator=(const Pile&) = delete;

  /// What fails its own checksum is counted in rejected() and left out. kUnknownVersion: of the
  /// store or a record; no damage, and who knows the version saves more.
  Status add(Family family, std::string_view key, std::string_view value);
  std::uint64_t rejected() const { return rejected_; }

  const std::map<store::LaneId, PiledLane>& lanes() const { return lanes_; }
  /// A lane of which nothing but its number may be left.
  void know(store::LaneId lane) { lanes_[lane]; }
  const std::string& outbox_id() const { return outbox_id_; }
  /// Was the dead letter given up by an operator?
  bool dropped(const std::string& topic, Seq seq) const { return dropped_.contains({topic, seq}); }

  /// Of one lane and family (data or dead), in order, from a number on.
  class Cursor {
   public:
    Cursor(const Pile& pile, Family family, store::LaneId lane, Seq from);
    ~Cursor();
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;

    std::optional<Seq> seq() const;  ///< empty: at the end
    std::string_view value() const;
    void next();
    Status status() const;

   private:
    const std::string prefix_;
    const std::unique_ptr<rocksdb::Iterator> scan_;
  };

 private:
  Pile(std::filesystem::path dir, std::unique_ptr<rocksdb::DB> db);
  Status put(Family family, std::string_view key, std::string_view value);
  Status reject(const Status& why);
  Status add_dead(std::string_view key, std::string_view value);
  Status add_meta(std::string_view key, std::string_view value);
  void add_lane_record(store::LaneId lane, std::string_view value);
  void add_purge(std::string_view value);

  const std::filesystem::path dir_;
  std::unique_ptr<rocksdb::DB> db_;
  std::map<store::LaneId, PiledLane> lanes_;
  std::set<std::pair<std::string, Seq>> dropped_;
  std::string outbox_id_ = "unknown";
  std::uint64_t rejected_ = 0;
};

}  // namespace outbox::salvage

#include "key_format_run.h"

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/statistics.h>

#include <chrono>
#include <memory>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "base/endian.h"
#include "measure.h"
#include "store/format.h"
#include "store/rocks_options.h"

namespace outbox::bench {
namespace {

constexpr std::size_t kBatchEntries = 1'000;
constexpr std::size_t kTurnBytes = std::size_t{1} << 20;       ///< read of one lane per turn
constexpr std::uint64_t kStepBytes = std::uint64_t{64} << 20;  ///< settled between two give-backs
constexpr double kMega = 1e6;

struct LaneState {
  Seq head = 1;
  Seq tail = 0;
  bool stuck = false;
};

class Run {
 public:
  Run(const Candidate& candidate, const Load& load, const std::filesystem::path& dir);
  Outcome all();

 private:
  void append();
  void drain_by_lane();
  void drain_in_order();
  void read_turn(std::uint32_t lane);
  void settled(std::uint64_t bytes);
  void give_back();
  void give_back_lanes();
  void compact_if_mostly_settled();
  void wait_until_quiet();
  double sst_mb();
  std::uint64_t files();
  double per_user_byte(rocksdb::Tickers ticker);

  const Candidate candidate_;
  const Load load_;
  const std::filesystem::path dir_;
  const std::shared_ptr<store::DurableHeads> heads_ = std::make_shared<store::DurableHeads>();
  rocksdb::Options options_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<LaneState> lanes_;
  std::uint64_t next_number_ = 1;   ///< append-order key
  std::uint64_t drained_from_ = 1;  ///< append-order key: everything below is settled
  std::uint64_t user_bytes_ = 0;
  std::uint64_t to_drain_bytes_ = 0;
  std::uint64_t settled_bytes_ = 0;
  std::uint64_t since_give_back_ = 0;
  Outcome outcome_;
};

Run::Run(const Candidate& candidate, const Load& load, const std::filesystem::path& dir)
    : candidate_(candidate), load_(load), dir_(dir), lanes_(load.lanes) {
  std::filesystem::remove_all(dir_);
  options_ = rocksdb::Options(store::db_options(Options{}, rocksdb::Env::Default(), null_logger()),
                              family_options(candidate, heads_));
  options_.statistics = rocksdb::CreateDBStatistics();
  rocksdb::DB* db = nullptr;
  must(rocksdb::DB::Open(options_, dir_.string(), &db));
  db_.reset(db);
  for (std::uint32_t lane = 0; lane < load_.lanes; ++lane) {
    lanes_[lane].stuck = load_.one_in_ten_stuck && lane % 10 == 0;
  }
}

void Run::append() {
  std::mt19937_64 random(20'260'101);
  std::string value(load_.value_bytes, '\0');
  for (char& c : value) c = static_cast<char>(random());
  rocksdb::WriteOptions unsynced;
  rocksdb::WriteBatch batch;
  while (user_bytes_ < load_.backlog_bytes) {
    batch.Clear();
    for (std::size_t i = 0; i < kBatchEntries; ++i) {
      const auto lane = static_cast<std::uint32_t>(random() % load_.lanes);
      const std::string place = store::entry_key(lane, ++lanes_[lane].tail);
      if (candidate_.key == KeyKind::kLaneSeq) {
        must(batch.Put(place, value));
      } else {
        std::string key;
        append_big(key, next_number_++);
        value.replace(0, place.size(), place);
        must(batch.Put(key, value));
      }
      if (!lanes_[lane].stuck) to_drain_bytes_ += load_.value_bytes;
    }
    must(db_->Write(unsynced, &batch));
    user_bytes_ += kBatchEntries * load_.value_bytes;
  }
}

void Run::read_turn(std::uint32_t id) {
  LaneState& lane = lanes_[id];
  const std::string lower = store::entry_key(id, lane.head);
  const std::string upper = store::entry_key(id, lane.tail + 1);
  const rocksdb::Slice lower_slice(lower);
  const rocksdb::Slice upper_slice(upper);
  rocksdb::ReadOptions read;
  read.iterate_lower_bound = &lower_slice;
  read.iterate_upper_bound = &upper_slice;
  read.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> scan(db_->NewIterator(read));
  Seq next = lane.head;
  std::uint64_t bytes = 0;
  for (scan->Seek(lower); scan->Valid() && bytes < kTurnBytes; scan->Next(), ++next) {
    if (store::seq_of_key(scan->key().ToStringView()) != next) break;
    bytes += scan->value().size();
  }
  must(scan->status());
  if (bytes == 0) must(rocksdb::Status::Corruption("an entry is missing"));
  lane.head = next;
  heads_->set(id, next);
  settled(bytes);
}

void Run::drain_by_lane() {
  for (bool more = true; more;) {
    more = false;
    for (std::uint32_t id = 0; id < lanes_.size(); ++id) {
      if (lanes_[id].stuck || lanes_[id].head > lanes_[id].tail) continue;
      read_turn(id);
      more = true;
    }
  }
}

void Run::drain_in_order() {
  rocksdb::ReadOptions read;
  read.fill_cache = false;
  std::uint64_t number = 1;
  bool pinned = false;
  while (number < next_number_) {
    std::string lower;
    append_big(lower, number);
    const rocksdb::Slice lower_slice(lower);
    read.iterate_lower_bound = &lower_slice;
    const std::unique_ptr<rocksdb::Iterator> scan(db_->NewIterator(read));
    std::uint64_t bytes = 0;
    for (scan->Seek(lower); scan->Valid() && bytes < kTurnBytes; scan->Next()) {
      const auto here = get_big<std::uint64_t>(scan->key().data());
      if (here != number) must(rocksdb::Status::Corruption("an entry is missing"));
      ++number;
      LaneState& lane = lanes_[store::lane_of_key(scan->value().ToStringView())];
      pinned |= lane.stuck;
      if (!pinned) drained_from_ = number;
      if (lane.stuck) continue;
      ++lane.head;
      bytes += scan->value().size();
    }
    must(scan->status());
    for (std::uint32_t id = 0; id < lanes_.size(); ++id) heads_->set(id, lanes_[id].head);
    settled(bytes);
  }
}

void Run::settled(std::uint64_t bytes) {
  const bool first_half = settled_bytes_ * 2 < to_drain_bytes_;
  settled_bytes_ += bytes;
  since_give_back_ += bytes;
  if (since_give_back_ >= kStepBytes) {
    since_give_back_ = 0;
    give_back();
    compact_if_mostly_settled();
  }
  if (first_half && settled_bytes_ * 2 >= to_drain_bytes_) outcome_.sst_half_mb = sst_mb();
}

void Run::give_back() {
  if (candidate_.key == KeyKind::kLaneSeq) return give_back_lanes();
  std::string from;
  std::string to;
  append_big(from, std::uint64_t{0});
  append_big(to, drained_from_);
  const rocksdb::Slice from_slice(from);
  const rocksdb::Slice to_slice(to);
  must(rocksdb::DeleteFilesInRange(db_.get(), db_->DefaultColumnFamily(), &from_slice, &to_slice,
                                   false));
}

void Run::give_back_lanes() {
  // Lanes that are drained to their tail are joined with the next: a file that
  // spans several lanes is whole only in such a range.
  std::vector<std::string> from;
  std::vector<std::string> to;
  bool joined = false;
  for (std::uint32_t id = 0; id < lanes_.size(); ++id) {
    const LaneState& lane = lanes_[id];
    if (lane.head == 1 && lane.tail > 0) {
      joined = false;
      continue;
    }
    if (!joined) {
      from.push_back(store::entry_key(id, 0));
      to.emplace_back();
    }
    to.back() = store::entry_key(id, lane.head);
    joined = lane.head > lane.tail;
  }
  std::vector<rocksdb::Slice> slices(from.begin(), from.end());
  slices.insert(slices.end(), to.begin(), to.end());
  std::vector<rocksdb::RangePtr> ranges;
  for (std::size_t i = 0; i < from.size(); ++i) {
    ranges.emplace_back(&slices[i], &slices[from.size() + i]);
  }
  if (ranges.empty()) return;
  must(rocksdb::DeleteFilesInRanges(db_.get(), db_->DefaultColumnFamily(), ranges.data(),
                                    ranges.size(), false));
}

/// As the store's reclaimer does: when files hold twice what is pending.
void Run::compact_if_mostly_settled() {
  const double pending_mb = static_cast<double>(user_bytes_ - settled_bytes_) / kMega;
  if (sst_mb() < static_cast<double>(kStepBytes) / kMega || sst_mb() < 2 * pending_mb) return;
  rocksdb::CompactRangeOptions compact;
  compact.exclusive_manual_compaction = false;
  compact.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  must(db_->CompactRange(compact, nullptr, nullptr));
}

void Run::wait_until_quiet() {
  for (int quiet = 0; quiet < 5;) {
    std::uint64_t busy = 0;
    for (const char* name : {"rocksdb.num-running-compactions", "rocksdb.num-running-flushes",
                             "rocksdb.compaction-pending", "rocksdb.mem-table-flush-pending"}) {
      std::uint64_t value = 0;
      db_->GetIntProperty(name, &value);
      busy += value;
    }
    quiet = busy == 0 ? quiet + 1 : 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

double Run::sst_mb() {
  std::uint64_t bytes = 0;
  db_->GetIntProperty("rocksdb.live-sst-files-size", &bytes);
  return static_cast<double>(bytes) / kMega;
}

std::uint64_t Run::files() {
  std::vector<rocksdb::LiveFileMetaData> files;
  db_->GetLiveFilesMetaData(&files);
  return files.size();
}

double Run::per_user_byte(rocksdb::Tickers ticker) {
  return static_cast<double>(options_.statistics->getTickerCount(ticker)) /
         static_cast<double>(user_bytes_);
}

Outcome Run::all() {
  const StopWatch appending;
  append();
  outcome_.append_mb_s = static_cast<double>(user_bytes_) / kMega / appending.seconds();
  wait_until_quiet();
  outcome_.sst_full_mb = sst_mb();
  outcome_.files_max = files();

  outcome_.wal = per_user_byte(rocksdb::WAL_FILE_BYTES);
  outcome_.flush = per_user_byte(rocksdb::FLUSH_WRITE_BYTES);
  outcome_.compaction = per_user_byte(rocksdb::COMPACT_WRITE_BYTES);

  const StopWatch draining;
  candidate_.key == KeyKind::kLaneSeq ? drain_by_lane() : drain_in_order();
  outcome_.drain_mb_s = static_cast<double>(settled_bytes_) / kMega / draining.seconds();
  must(db_->Flush(rocksdb::FlushOptions()));  // what the last memtable holds dies here
  give_back();
  compact_if_mostly_settled();
  wait_until_quiet();
  outcome_.sst_drained_mb = sst_mb();
  outcome_.pinned_mb = static_cast<double>(user_bytes_ - to_drain_bytes_) / kMega;
  outcome_.reclaim = per_user_byte(rocksdb::COMPACT_WRITE_BYTES) - outcome_.compaction;
  db_.reset();
  std::filesystem::remove_all(dir_);
  return outcome_;
}

}  // namespace

Outcome run(const Candidate& candidate, const Load& load, const std::filesystem::path& dir) {
  return Run(candidate, load, dir).all();
}

}  // namespace outbox::bench

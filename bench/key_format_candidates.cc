#include "key_format_candidates.h"

#include <rocksdb/compaction_filter.h>
#include <rocksdb/sst_partitioner.h>

#include "base/endian.h"
#include "store/rocks_options.h"

namespace outbox::bench {
namespace {

/// The head filter of append-order keys: the lane must be looked up in each
/// value, and nothing can be skipped unread.
class ValueFilter final : public rocksdb::CompactionFilter {
 public:
  explicit ValueFilter(std::vector<Seq> heads) : heads_(std::move(heads)) {}
  const char* Name() const override { return "bench.ValueFilter"; }
  Decision FilterV2(int, const rocksdb::Slice& key, ValueType, const rocksdb::Slice& value,
                    std::string*, std::string* skip_until) const override {
    const auto lane = store::lane_of_key(value.ToStringView());
    const auto seq = store::seq_of_key(value.ToStringView());
    if (lane >= heads_.size() || seq >= heads_[lane]) return Decision::kKeep;
    // kRemove would leave a tombstone; skipping to the next key does not.
    skip_until->clear();
    append_big(*skip_until, get_big<std::uint64_t>(key.data()) + 1);
    return Decision::kRemoveAndSkipUntil;
  }

 private:
  const std::vector<Seq> heads_;
};

class ValueFilterFactory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit ValueFilterFactory(std::shared_ptr<const store::DurableHeads> heads)
      : heads_(std::move(heads)) {}
  const char* Name() const override { return "bench.ValueFilter"; }
  bool ShouldFilterTableFileCreation(rocksdb::TableFileCreationReason reason) const override {
    return reason == rocksdb::TableFileCreationReason::kFlush ||
           reason == rocksdb::TableFileCreationReason::kCompaction;
  }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<ValueFilter>(heads_->snapshot());
  }

 private:
  const std::shared_ptr<const store::DurableHeads> heads_;
};

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

}  // namespace

std::vector<Candidate> candidates() {
  const auto shipped =
      store::data_family_options(Options{}, std::make_shared<store::DurableHeads>());
  return {
      {.name = "a: lane|seq, RocksDB's levels"},
      {.name = "b8: L0 8, L1 512 MiB", .level0_trigger = 8, .level1_bytes = 512 * kMiB},
      {.name = "b16: L0 16, L1 8 GiB", .level0_trigger = 16, .level1_bytes = 8192 * kMiB},
      {.name = "b64: L0 64, L1 8 GiB", .level0_trigger = 64, .level1_bytes = 8192 * kMiB},
      {.name = "c: split by lane", .split_by_lane = true},
      {.name = "bc: L0 16, L1 8 GiB, split",
       .level0_trigger = 16,
       .level1_bytes = 8192 * kMiB,
       .split_by_lane = true},
      {.name = "d: append order", .key = KeyKind::kAppendOrder},
      {.name = "e8: universal, 8 runs", .level0_trigger = 8, .universal = true},
      {.name = "e16: universal, 16 runs", .level0_trigger = 16, .universal = true},
      {.name = "e32: universal, 32 runs", .level0_trigger = 32, .universal = true},
      {.name = "store: as shipped",
       .level0_trigger = shipped.level0_file_num_compaction_trigger,
       .level1_bytes = shipped.max_bytes_for_level_base,
       .split_by_lane = shipped.sst_partitioner_factory != nullptr,
       .universal = shipped.compaction_style == rocksdb::kCompactionStyleUniversal},
  };
}

rocksdb::ColumnFamilyOptions family_options(const Candidate& candidate,
                                            std::shared_ptr<const store::DurableHeads> heads) {
  auto family = store::data_family_options(Options{}, heads);
  family.level0_file_num_compaction_trigger = candidate.level0_trigger;
  family.level0_slowdown_writes_trigger = candidate.level0_trigger + 16;
  family.level0_stop_writes_trigger = candidate.level0_trigger + 32;
  family.max_bytes_for_level_base = candidate.level1_bytes;
  family.sst_partitioner_factory.reset();
  if (candidate.split_by_lane) {
    family.sst_partitioner_factory =
        rocksdb::NewSstPartitionerFixedPrefixFactory(sizeof(store::LaneId));
  }
  family.compaction_style =
      candidate.universal ? rocksdb::kCompactionStyleUniversal : rocksdb::kCompactionStyleLevel;
  family.compaction_options_universal.allow_trivial_move = true;
  // The head filter and whole-file deletion bound the space, not full rewrites.
  family.compaction_options_universal.max_size_amplification_percent = 1'000'000;
  if (candidate.key == KeyKind::kAppendOrder) {
    family.compaction_filter_factory = std::make_shared<ValueFilterFactory>(std::move(heads));
  }
  return family;
}

}  // namespace outbox::bench

#include "store/head_filter.h"

#include <algorithm>

#include "base/endian.h"
#include "base/mutant.h"
#include "base/step.h"

namespace outbox::store {
namespace {

class HeadFilter final : public rocksdb::CompactionFilter {
 public:
  explicit HeadFilter(std::vector<Seq> heads) : heads_(std::move(heads)) {}
  const char* Name() const override { return "outbox.HeadFilter"; }

  Decision FilterV2(int, const rocksdb::Slice& key, ValueType, const rocksdb::Slice&, std::string*,
                    std::string* skip_until) const override {
    if (key.size() != kKeyBytes) return Decision::kKeep;
    const auto lane = get_big<std::uint32_t>(key.data());
    if (lane >= heads_.size()) return Decision::kKeep;
    const Seq head = heads_[lane] + (mutant(Mutant::kFilterAboveHead) ? 50 : 0);
    if (get_big<std::uint64_t>(key.data() + sizeof(LaneId)) >= head) return Decision::kKeep;
    *skip_until = entry_key(lane, head);
    return Decision::kRemoveAndSkipUntil;
  }

 private:
  const std::vector<Seq> heads_;
};

}  // namespace

void DurableHeads::set(LaneId lane, Seq head) {
  const std::lock_guard lock(mutex_);
  if (lane >= heads_.size()) heads_.resize(std::size_t{lane} + 1, 0);
  heads_[lane] = std::max(heads_[lane], head);
}

std::vector<Seq> DurableHeads::snapshot() const {
  const std::lock_guard lock(mutex_);
  return heads_;
}

bool HeadFilterFactory::ShouldFilterTableFileCreation(
    rocksdb::TableFileCreationReason reason) const {
  return reason == rocksdb::TableFileCreationReason::kFlush ||
         reason == rocksdb::TableFileCreationReason::kCompaction;
}

std::unique_ptr<rocksdb::CompactionFilter> HeadFilterFactory::CreateCompactionFilter(
    const rocksdb::CompactionFilter::Context&) {
  reach(Step::kFiltering);
  return std::make_unique<HeadFilter>(heads_->snapshot());
}

}  // namespace outbox::store

#include "store/lane_hints.h"

#include "base/endian.h"
#include "store/format.h"

namespace outbox::store {
namespace {

/// Of a hint in the memtable's arena: two pointers for each level (InlineSkipList::AllocateSplice).
constexpr std::size_t kHintBytes = 256;
constexpr std::size_t kShare = 8;

class LaneHints final : public rocksdb::SliceTransform {
 public:
  explicit LaneHints(std::size_t lanes_max) : lanes_max_(lanes_max) {}
  const char* Name() const override { return "outbox.LaneHints"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), sizeof(LaneId)};
  }
  bool InDomain(const rocksdb::Slice& key) const override {
    return key.size() == kKeyBytes && get_big<LaneId>(key.data()) <= lanes_max_;
  }

 private:
  const std::size_t lanes_max_;
};

}  // namespace

std::shared_ptr<const rocksdb::SliceTransform> lane_hints(std::size_t write_buffer_bytes) {
  return std::make_shared<LaneHints>(write_buffer_bytes / (kShare * kHintBytes));
}

}  // namespace outbox::store

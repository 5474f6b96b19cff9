#include "store/block_slab.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace outbox::store {

class BlockSlab::Block final : public SlabMemory {
 public:
  explicit Block(std::size_t bytes)
      : bytes_(bytes), memory_(std::make_unique_for_overwrite<char[]>(bytes)) {}
  std::size_t bytes() const override { return bytes_; }
  std::size_t left() const { return bytes_ - used_; }
  char* take(std::size_t bytes) { return memory_.get() + std::exchange(used_, used_ + bytes); }

 private:
  const std::size_t bytes_;
  const std::unique_ptr<char[]> memory_;
  std::size_t used_ = 0;
};

void BlockSlab::add(LaneId lane, Seq seq, std::string_view record) {
  Block& block = room(record.size());
  char* const at = block.take(record.size());
  std::memcpy(at, record.data(), record.size());
  entries_.push_back({lane, seq, std::string_view(at, record.size()), &block});
  used_bytes_ += record.size();
}

BlockSlab::Block& BlockSlab::room(std::size_t bytes) {
  if (open_ != nullptr && bytes <= open_->left()) return *open_;
  const std::size_t block_bytes =
      std::clamp(block_bytes_ / kBlockShare, kBlockBytesMin, kBlockBytesMax);
  // A large one beside the others: no block has more than a quarter left over.
  if (bytes > block_bytes / 4) return new_block(bytes);
  open_ = &new_block(block_bytes);
  return *open_;
}

BlockSlab::Block& BlockSlab::new_block(std::size_t bytes) {
  block_bytes_ += bytes;
  return *blocks_.emplace_back(std::make_shared<Block>(bytes));
}

}  // namespace outbox::store

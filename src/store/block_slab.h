#pragma once

#include <memory>

#include "store/slab.h"

namespace outbox::store {

/// Records copied into blocks that never move: a piece of backlog out of RocksDB, or what is taken
/// out of a group. A block can be kept without the others: of a long piece most is delivered long
/// before the last.
class BlockSlab final : public Slab {
 public:
  void add(LaneId lane, Seq seq, std::string_view record);
  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const override { return block_bytes_; }
  std::size_t used_bytes() const { return used_bytes_; }

 private:
  /// A block is an eighth of what there is so far: a long piece has few, of a short one, as a lane
  /// among a thousand has them, little is kept beside the records that are still needed.
  static constexpr std::size_t kBlockBytesMin = 4 << 10;
  /// Below what malloc takes from the kernel and gives back to it each time.
  static constexpr std::size_t kBlockBytesMax = 64 << 10;
  static constexpr std::size_t kBlockShare = 8;

  class Block;

  /// The block that `bytes` more go into.
  Block& room(std::size_t bytes);
  Block& new_block(std::size_t bytes);

  std::vector<std::shared_ptr<Block>> blocks_;
  Block* open_ = nullptr;
  std::size_t block_bytes_ = 0;
  std::size_t used_bytes_ = 0;
};

}  // namespace outbox::store

#pragma once

#include <memory>

#include "store/slab.h"

namespace outbox::store {

/// A piece of backlog: records copied out of RocksDB, into blocks that never move.
class ReadSlab final : public Slab {
 public:
  void add(LaneId lane, Seq seq, std::string_view record);
  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const override { return block_bytes_; }
  std::size_t used_bytes() const { return used_bytes_; }

 private:
  /// Below what malloc takes from the kernel and gives back to it each time.
  static constexpr std::size_t kBlockBytes = 64 << 10;

  char* room(std::size_t bytes);
  char* new_block(std::size_t bytes);

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t block_bytes_ = 0;
  std::size_t used_bytes_ = 0;
};

}  // namespace outbox::store

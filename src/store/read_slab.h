#pragma once

#include <string>

#include "store/slab.h"

namespace outbox::store {

/// A piece of backlog: records copied out of RocksDB into one buffer.
class ReadSlab final : public Slab {
 public:
  void add(LaneId lane, Seq seq, std::string_view record);
  /// The buffer is complete: entries may point into it.
  void seal();
  std::size_t size() const { return ends_.size(); }
  std::size_t bytes() const override { return buffer_.capacity(); }
  std::size_t used_bytes() const { return buffer_.size(); }

 private:
  std::string buffer_;
  std::vector<std::size_t> ends_;
};

}  // namespace outbox::store

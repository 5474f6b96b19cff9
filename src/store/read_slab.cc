#include "store/read_slab.h"

#include <cstring>
#include <utility>

namespace outbox::store {

void ReadSlab::add(LaneId lane, Seq seq, std::string_view record) {
  char* const at = room(record.size());
  std::memcpy(at, record.data(), record.size());
  entries_.push_back({lane, seq, std::string_view(at, record.size())});
  used_bytes_ += record.size();
}

char* ReadSlab::room(std::size_t bytes) {
  // A large one beside the others: no block has more than a quarter left over.
  if (bytes > kBlockBytes / 4) return new_block(bytes);
  if (bytes > left_) {
    next_ = new_block(kBlockBytes);
    left_ = kBlockBytes;
  }
  left_ -= bytes;
  return std::exchange(next_, next_ + bytes);
}

char* ReadSlab::new_block(std::size_t bytes) {
  block_bytes_ += bytes;
  return blocks_.emplace_back(std::make_unique_for_overwrite<char[]>(bytes)).get();
}

}  // namespace outbox::store

#include "store/read_slab.h"

namespace outbox::store {

void ReadSlab::add(LaneId lane, Seq seq, std::string_view record) {
  buffer_.append(record);
  ends_.push_back(buffer_.size());
  entries_.push_back({lane, seq, {}});
}

void ReadSlab::seal() {
  std::size_t start = 0;
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    entries_[i].record = std::string_view(buffer_).substr(start, ends_[i] - start);
    start = ends_[i];
  }
  ends_ = {};
}

}  // namespace outbox::store

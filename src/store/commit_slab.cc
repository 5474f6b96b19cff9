#include "store/commit_slab.h"

namespace outbox::store {

rocksdb::Status CommitSlab::put(rocksdb::ColumnFamilyHandle* data, LaneId lane, Seq seq,
                                std::string_view record) {
  char key[kKeyBytes];
  put_big<std::uint32_t>(key, lane);
  put_big<std::uint64_t>(key + sizeof(LaneId), seq);
  const auto status = batch_.Put(data, rocksdb::Slice(key, kKeyBytes),
                                 rocksdb::Slice(record.data(), record.size()));
  // A Put ends with the value (write_batch.cc: tag, key, value).
  offsets_.push_back({lane, seq, batch_.GetDataSize() - record.size(), record.size()});
  return status;
}

void CommitSlab::seal() {
  const std::string& data = batch_.Data();
  entries_.reserve(offsets_.size());
  for (const Place& place : offsets_) {
    entries_.push_back(
        {place.lane, place.seq, std::string_view(data.data() + place.offset, place.bytes)});
  }
  offsets_.clear();
}

void CommitSlab::clear() {
  batch_.Clear();
  offsets_.clear();
  entries_.clear();
}

void CommitSlab::forget_after(std::size_t mark) { offsets_.resize(mark); }

}  // namespace outbox::store

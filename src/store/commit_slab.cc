#include "store/commit_slab.h"

namespace outbox::store {

rocksdb::Status CommitSlab::put(rocksdb::ColumnFamilyHandle* data, LaneId lane, Seq seq,
                                std::string_view head, std::string_view value,
                                std::uint32_t body_crc) {
  char key[kKeyBytes];
  put_big<std::uint32_t>(key, lane);
  put_big<std::uint64_t>(key + sizeof(LaneId), seq);
  char crc[kRecordCrcBytes];
  put_big<std::uint32_t>(crc, record_crc(body_crc, lane, seq));
  const rocksdb::Slice key_piece(key, kKeyBytes);
  const rocksdb::Slice pieces[] = {
      {head.data(), head.size()}, {value.data(), value.size()}, {crc, kRecordCrcBytes}};
  const auto status = batch_.Put(data, rocksdb::SliceParts(&key_piece, 1),
                                 rocksdb::SliceParts(pieces, std::size(pieces)));
  const std::size_t bytes = head.size() + value.size() + kRecordCrcBytes;
  // A Put ends with the value (write_batch.cc: tag, key, value).
  offsets_.push_back({lane, seq, batch_.GetDataSize() - bytes, bytes});
  return status;
}

void CommitSlab::seal() {
  const std::string& data = batch_.Data();
  entries_.reserve(offsets_.size());
  for (const Place& place : offsets_) {
    entries_.push_back(
        {place.lane, place.seq, std::string_view(data.data() + place.offset, place.bytes), this});
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

#pragma once

#include <rocksdb/write_batch.h>

#include <cstddef>
#include <string_view>
#include <utility>

#include "base/endian.h"
#include "store/slab.h"

namespace outbox::store {

/// A group on its way to the disk, and after that the slab that is handed to
/// the drainer: the records stay where the WriteBatch put them.
class CommitSlab final : public Slab {
 public:
  /// Room for so much; it may become more.
  CommitSlab(std::size_t bytes, std::size_t entries) : batch_(bytes) { offsets_.reserve(entries); }

  rocksdb::WriteBatch& batch() { return batch_; }
  /// Adds an entry, whose body comes in two pieces, and seals it. `body_crc`: see record_crc.
  rocksdb::Status put(rocksdb::ColumnFamilyHandle* data, LaneId lane, Seq seq,
                      std::string_view head, std::string_view value, std::uint32_t body_crc);
  /// The batch is complete: it will not grow, so entries may point into it.
  void seal();
  std::size_t bytes() const override { return batch_.Data().capacity(); }
  /// With what tells where the records are.
  std::size_t memory() const {
    return bytes() + offsets_.capacity() * sizeof(Place) + entries_.capacity() * sizeof(SlabEntry);
  }
  /// Undoes what was put since (used when a request is dropped).
  std::size_t mark() const { return offsets_.size(); }
  void forget_after(std::size_t mark);
  /// As good as new, with the memory it has.
  void clear();

 private:
  struct Place {
    LaneId lane;
    Seq seq;
    std::size_t offset;
    std::size_t bytes;
  };
  rocksdb::WriteBatch batch_;
  std::vector<Place> offsets_;
};

}  // namespace outbox::store

#pragma once

#include <rocksdb/slice_transform.h>

#include <cstddef>
#include <memory>

namespace outbox::store {

/// For memtable_insert_with_hint_prefix_extractor: where a lane's last entry lies in the memtable,
/// the next one is put behind it without a search. Each lane's hint takes room in the memtable; so
/// many lanes have one as fill an eighth of `write_buffer_bytes`, the others are searched for.
std::shared_ptr<const rocksdb::SliceTransform> lane_hints(std::size_t write_buffer_bytes);

}  // namespace outbox::store

#pragma once

#include <rocksdb/options.h>

#include <memory>

#include "base/log.h"
#include "outbox/options.h"
#include "store/head_filter.h"

namespace outbox::store {

/// Families, in the order in which they are opened.
inline constexpr const char* kMetaFamily = "meta";
inline constexpr const char* kDeadFamily = "dead";
inline constexpr const char* kIdempotencyFamily = "idempotency";

/// Every setting that a promise or the memory bound depends on, with its reason.
rocksdb::DBOptions db_options(const Options& options, rocksdb::Env* env, const Log& log);
rocksdb::ColumnFamilyOptions data_family_options(const Options& options,
                                                 std::shared_ptr<const DurableHeads> heads);
rocksdb::ColumnFamilyOptions small_family_options();
/// The one way entries are written.
rocksdb::WriteOptions durable_write();

}  // namespace outbox::store

#include "model/flush_points.h"

namespace outbox::model {
namespace {

constexpr std::size_t kFullBytesMin = std::size_t{8} << 10;
constexpr std::size_t kFullBytesMax = std::size_t{128} << 10;

}  // namespace

void FlushPoints::opened(store::Database& database) {
  database_ = &database;
  unflushed_bytes_ = 0;
  full_bytes_ = kFullBytesMin + random_.below(kFullBytesMax - kFullBytesMin);
}

void FlushPoints::wrote(std::size_t bytes) {
  unflushed_bytes_ += bytes;
  if (unflushed_bytes_ < full_bytes_) return;
  opened(*database_);
  flush(database_->data);
  // The small ones fill seldom.
  if (random_.one_in(8)) flush(database_->meta);
  if (random_.one_in(8)) flush(database_->dead);
}

void FlushPoints::flush(rocksdb::ColumnFamilyHandle* family) {
  rocksdb::FlushOptions options;
  options.wait = false;
  options.allow_write_stall = true;
  // It may fail, as everything here: then the next write does too.
  database_->db->Flush(options, family).PermitUncheckedError();
}

}  // namespace outbox::model

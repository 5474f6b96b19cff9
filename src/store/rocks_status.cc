#include "store/rocks_status.h"

#include <rocksdb/status.h>

#include <string>

namespace outbox::store {

Status from_rocks(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return {};
  std::string what = std::string(doing) + ": " + status.ToString();
  if (status.IsNoSpace()) return {Code::kDiskFull, what};
  // A file that RocksDB knows of and that is not there is damage as well.
  if (!status.IsCorruption() && !status.IsPathNotFound()) return {Code::kIoError, what};
  return {Code::kCorruption, what + "; run outbox-relay verify"};
}

}  // namespace outbox::store

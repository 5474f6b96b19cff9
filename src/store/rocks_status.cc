#include "store/rocks_status.h"

#include <rocksdb/status.h>

#include <string>

#include "store/remedy.h"

namespace outbox::store {

Status from_rocks(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return {};
  std::string what = std::string(doing) + ": " + status.ToString();
  if (status.IsNoSpace()) return {Code::kDiskFull, what};
  if (!status.IsCorruption()) return {Code::kIoError, what};
  return {Code::kCorruption, what + kRunVerify};
}

Status from_opening(const rocksdb::Status& status, std::string_view doing) {
  Status out = from_rocks(status, doing);
  if (!status.IsPathNotFound()) return out;
  return {Code::kCorruption, out.message() + kRunVerify};
}

}  // namespace outbox::store

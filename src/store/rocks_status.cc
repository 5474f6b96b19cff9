#include "store/rocks_status.h"

#include <rocksdb/status.h>

#include <string>

namespace outbox::store {
namespace {

constexpr const char* kVerify = "; run outbox-relay verify";

}  // namespace

Status from_rocks(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return {};
  std::string what = std::string(doing) + ": " + status.ToString();
  if (status.IsNoSpace()) return {Code::kDiskFull, what};
  if (!status.IsCorruption()) return {Code::kIoError, what};
  return {Code::kCorruption, what + kVerify};
}

Status from_opening(const rocksdb::Status& status, std::string_view doing) {
  Status out = from_rocks(status, doing);
  if (!status.IsPathNotFound()) return out;
  return {Code::kCorruption, out.message() + kVerify};
}

}  // namespace outbox::store

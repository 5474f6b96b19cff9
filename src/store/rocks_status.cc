#include "store/rocks_status.h"

#include <rocksdb/status.h>

#include <string>

namespace outbox::store {

Status from_rocks(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return {};
  Code code = Code::kIoError;
  if (status.IsNoSpace()) {
    code = Code::kDiskFull;
  } else if (status.IsCorruption()) {
    code = Code::kCorruption;
  }
  return {code, std::string(doing) + ": " + status.ToString()};
}

}  // namespace outbox::store

#include "store/store_version.h"

#include <cstdint>
#include <string>

#include "base/endian.h"
#include "store/meta.h"

namespace outbox::store {

Status check_store_version(std::string_view value) {
  const bool number = value.size() == sizeof(std::uint64_t);
  if (number && get_big<std::uint64_t>(value.data()) == kStoreVersion) return {};
  const std::string found = number ? std::to_string(get_big<std::uint64_t>(value.data())) : "?";
  return {Code::kUnknownVersion, "the store has version " + found +
                                     "; this program knows version " +
                                     std::to_string(kStoreVersion)};
}

}  // namespace outbox::store

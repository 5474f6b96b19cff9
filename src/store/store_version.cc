#include "store/store_version.h"

#include "base/endian.h"
#include "store/meta.h"

namespace outbox::store {

Status unknown_version(const std::string& what, const std::string& found, std::uint32_t known) {
  return {Code::kUnknownVersion, what + " has version " + found + ", this program knows " +
                                     std::to_string(known) +
                                     "; use the program that wrote it, or a newer one"};
}

Status check_store_version(std::string_view value) {
  const bool number = value.size() == sizeof(std::uint64_t);
  if (number && get_big<std::uint64_t>(value.data()) == kStoreVersion) return {};
  const std::string found = number ? std::to_string(get_big<std::uint64_t>(value.data())) : "?";
  return unknown_version("the store", found, kStoreVersion);
}

}  // namespace outbox::store

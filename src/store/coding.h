#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/endian.h"

namespace outbox::store {

/// LEB128, at most 10 bytes.
void append_varint(std::string& to, std::uint64_t value);
void append_bytes(std::string& to, std::string_view bytes);
/// Null is length 0; every other length is stored plus one.
void append_optional_bytes(std::string& to, const std::optional<std::string>& bytes);

/// Reads what the functions above wrote. After the first failure everything
/// reads as zero and ok() is false; check it once at the end.
class Parser {
 public:
  explicit Parser(std::string_view from) : rest_(from) {}

  template <typename T>
  T big() {
    const std::string_view bytes = take(sizeof(T));
    return ok_ ? get_big<T>(bytes.data()) : T{};
  }
  std::uint64_t varint();
  std::string_view bytes() { return take(varint()); }
  std::optional<std::string_view> optional_bytes();
  std::string_view take(std::uint64_t count);

  std::string_view rest() const { return rest_; }
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace outbox::store

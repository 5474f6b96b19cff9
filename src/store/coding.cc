#include "store/coding.h"

namespace outbox::store {

void append_varint(std::string& to, std::uint64_t value) {
  while (value >= 0x80) {
    to.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  to.push_back(static_cast<char>(value));
}

void append_bytes(std::string& to, std::string_view bytes) {
  append_varint(to, bytes.size());
  to.append(bytes);
}

void append_optional_bytes(std::string& to, const std::optional<std::string>& bytes) {
  append_varint(to, bytes ? std::uint64_t{bytes->size()} + 1 : 0);
  if (bytes) to.append(*bytes);
}

std::uint64_t Parser::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) break;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return value;
  }
  ok_ = false;
  return 0;
}

std::optional<std::string_view> Parser::optional_bytes() {
  const std::uint64_t size = varint();
  if (!ok_ || size == 0) return std::nullopt;
  return take(size - 1);
}

std::string_view Parser::take(std::uint64_t count) {
  if (!ok_ || count > rest_.size()) {
    ok_ = false;
    return {};
  }
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

}  // namespace outbox::store

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

namespace outbox {

/// Big-endian: numeric order is byte order, as keys need it.
template <typename T>
void put_big(char* to, T value) {
  static_assert(std::is_unsigned_v<T>);
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    to[i] = static_cast<char>(static_cast<unsigned char>(value >> (8 * (sizeof(T) - 1 - i))));
  }
}

template <typename T>
T get_big(const char* from) {
  static_assert(std::is_unsigned_v<T>);
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(static_cast<T>(static_cast<std::uint64_t>(value) << 8) |
                           static_cast<unsigned char>(from[i]));
  }
  return value;
}

/// As RocksDB writes its numbers.
template <typename T>
T get_little(const char* from) {
  static_assert(std::is_unsigned_v<T>);
  T value = 0;
  for (std::size_t i = sizeof(T); i > 0; --i) {
    value = static_cast<T>(static_cast<T>(static_cast<std::uint64_t>(value) << 8) |
                           static_cast<unsigned char>(from[i - 1]));
  }
  return value;
}

template <typename T>
void append_big(std::string& to, T value) {
  char bytes[sizeof(T)];
  put_big(bytes, value);
  to.append(bytes, sizeof(T));
}

}  // namespace outbox

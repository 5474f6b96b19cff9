#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

namespace outbox {

/// The bytes of `value` in the other order. One instruction; gcc makes none of a loop over bytes.
template <typename T>
T swap_bytes(T value) {
  static_assert(std::is_unsigned_v<T>);
  if constexpr (sizeof(T) == 1) return value;
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
}

/// Big-endian: numeric order is byte order, as keys need it.
template <typename T>
void put_big(char* to, T value) {
  if constexpr (std::endian::native == std::endian::little) value = swap_bytes(value);
  std::memcpy(to, &value, sizeof(T));
}

template <typename T>
T get_big(const char* from) {
  T value{};
  std::memcpy(&value, from, sizeof(T));
  return std::endian::native == std::endian::little ? swap_bytes(value) : value;
}

/// As RocksDB writes its numbers.
template <typename T>
T get_little(const char* from) {
  T value{};
  std::memcpy(&value, from, sizeof(T));
  return std::endian::native == std::endian::little ? value : swap_bytes(value);
}

template <typename T>
void append_big(std::string& to, T value) {
  char bytes[sizeof(T)];
  put_big(bytes, value);
  to.append(bytes, sizeof(T));
}

}  // namespace outbox

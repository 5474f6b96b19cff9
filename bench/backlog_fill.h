#pragma once

#include <cstdint>
#include <string>

#include "store/store.h"

namespace outbox::bench {

/// What is appended: values of random_text(), to one topic after the other.
struct Fill {
  std::uint64_t entries = 1'000'000;
  std::size_t value_bytes = 100;
  std::uint32_t topics = 1;
  std::string topic = "orders";  ///< of several: the beginning of their names

  std::uint64_t user_bytes() const { return entries * value_bytes; }
};

/// Appends it with append_async from this thread and returns when all of it is durable.
/// A failed append ends the program.
void fill(store::Store& store, const Fill& what);

}  // namespace outbox::bench

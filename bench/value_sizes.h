#pragma once
#include <CLI/CLI.hpp>
#include <cstddef>
#include <vector>

namespace outbox::bench {

/// What the targets in docs/performance.md are of.
inline const std::vector<std::size_t> kValueSizes{100, 1'024, 10'240};

inline void add_value_bytes_flag(CLI::App& app, std::vector<std::size_t>& sizes) {
  app.add_option("--value-bytes", sizes, "of one value, several with commas (100,1024,10240)")
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
}

}  // namespace outbox::bench

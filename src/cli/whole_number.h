#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <string>

#include "service/units.h"

namespace outbox::cli {

/// For flags that are unsigned: CLI11 by itself takes -1 for 2^64 - 1, what is larger for that as
/// well, and 010 for 8 (strtoull).
inline CLI::Validator whole_number(
    std::uint64_t lowest = 0, std::uint64_t highest = std::numeric_limits<std::uint64_t>::max()) {
  return CLI::Validator(
      [lowest, highest](const std::string& text) -> std::string {
        const auto number = service::parse_count(text);
        const bool octal = text.size() > 1 && text.front() == '0';
        if (number.ok() && !octal && *number >= lowest && *number <= highest) return "";
        return "'" + text + "': wanted a whole number from " + std::to_string(lowest) + " to " +
               std::to_string(highest);
      },
      "");
}

}  // namespace outbox::cli

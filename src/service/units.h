#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "outbox/status.h"

namespace outbox::service {

/// "250ms", "60s", "5m", "24h", "7d"; a bare number needs a unit. Negative,
/// fractional and overflowing values are kInvalidArgument.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// "64MiB", "1GB", "512KiB", "4096" (bytes). Binary units are KiB, MiB, GiB,
/// TiB; decimal ones kB, MB, GB, TB; B is bytes.
Result<std::uint64_t> parse_bytes(std::string_view text);

/// Decimal digits only.
Result<std::uint64_t> parse_count(std::string_view text);

/// The shortest text that parse_duration and parse_bytes read back unchanged.
std::string format_duration(std::chrono::milliseconds value);
std::string format_bytes(std::uint64_t value);

/// For people, rounded: "1.4 GiB", "3m12s".
std::string human_bytes(std::uint64_t value);
std::string human_age(std::int64_t age_ms);

}  // namespace outbox::service

#pragma once

#include <cstdint>
#include <string_view>

namespace outbox {

/// CRC-32C (Castagnoli, as in RFC 3720). `crc` is the result for what came
/// before, 0 to start.
std::uint32_t crc32c(std::uint32_t crc, std::string_view data);

}  // namespace outbox

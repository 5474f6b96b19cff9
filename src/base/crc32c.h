#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace outbox {

/// CRC-32C (Castagnoli, as in RFC 3720). `crc` is the result for what came
/// before, 0 to start. Uses SSE 4.2 where the processor has it.
std::uint32_t crc32c(std::uint32_t crc, std::string_view data);

/// The table version; the same results, on any processor.
std::uint32_t crc32c_portable(std::uint32_t crc, std::string_view data);

}  // namespace outbox

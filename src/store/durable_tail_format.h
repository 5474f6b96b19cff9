#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "outbox/status.h"
#include "store/durable_tail.h"

/// The bytes of the file `durable-tail`; pure functions. Numbers are
/// big-endian.
///
///   header  32 bytes: "OBXTAIL\n" | version 4 | slots written and fsynced
///           together with the header 4 | nonce 8 | zero 4 | CRC-32C of the 28 bytes before
///   slot    16 bytes: lane 4 | seq 8 | CRC-32C of nonce, lane, seq 4
///   mark    a slot with lane 0xffffffff; its seq is a file size up to which
///           the file had been fsynced before the mark was written
///
/// Every version has these 32 bytes, so that a later one is told from damage.
/// Slots have one size, so that those after a damaged one are still found: each
/// is true by itself, whatever happened to its neighbours. The nonce keeps
/// blocks of an earlier file from being taken for slots of this one.
namespace outbox::store::tail_format {

inline constexpr std::string_view kMagic = "OBXTAIL\n";
inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::size_t kHeaderBytes = 32;
inline constexpr std::size_t kSlotBytes = 16;
inline constexpr LaneId kMarkLane = 0xffffffff;

/// Everything below `synced_bytes` of the file had been fsynced.
struct Mark {
  std::uint64_t synced_bytes = 0;
};

void append_slot(std::string& to, LaneTail tail, std::uint64_t nonce);
void append_slot(std::string& to, Mark mark, std::uint64_t nonce);

/// A whole file with one slot a lane. Tests write other versions.
std::string compact(const DurableTail::Lanes& lanes, std::uint64_t nonce,
                    std::uint32_t version = kVersion);
/// Its size.
std::uint64_t file_bytes(std::size_t lanes);

/// kCorruption (names `path`, the offset and the remedy) when a fsynced part
/// is damaged; kUnknownVersion.
Result<DurableTail::Lanes> parse(std::string_view file, const std::string& path);

}  // namespace outbox::store::tail_format

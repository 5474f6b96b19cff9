#include "store/durable_tail_format.h"

#include <algorithm>
#include <optional>

#include "base/crc32c.h"
#include "base/endian.h"
#include "store/remedy.h"
#include "store/store_version.h"

namespace outbox::store::tail_format {

namespace {

constexpr std::size_t kHeaderCrcAt = kHeaderBytes - 4;
std::string consequence() {
  return "the newest entries can no longer be checked for loss" + unchanged();
}

std::uint32_t slot_crc(std::string_view lane_and_seq, std::uint64_t nonce) {
  char salt[8];
  put_big(salt, nonce);
  return crc32c(crc32c(0, std::string_view(salt, sizeof(salt))), lane_and_seq);
}

Status damaged(const std::string& path, std::uint64_t offset) {
  return {Code::kCorruption,
          path + " is damaged at byte " + std::to_string(offset) + ": " + consequence()};
}

struct FileHeader {
  std::uint64_t nonce = 0;
  std::uint64_t first_slots = 0;
};

Result<FileHeader> parse_header(std::string_view file, const std::string& path) {
  if (file.size() < kHeaderBytes || file.substr(0, kMagic.size()) != kMagic) {
    return damaged(path, 0);
  }
  const auto version = get_big<std::uint32_t>(file.data() + 8);
  const auto crc = get_big<std::uint32_t>(file.data() + kHeaderCrcAt);
  if (crc32c(0, file.substr(0, kHeaderCrcAt)) != crc) return damaged(path, 0);
  if (version != kVersion) {
    return unknown_version(path, std::to_string(version), kVersion);
  }
  return FileHeader{get_big<std::uint64_t>(file.data() + 16),
                    get_big<std::uint32_t>(file.data() + 12)};
}

}  // namespace

void append_slot(std::string& to, LaneTail tail, std::uint64_t nonce) {
  const std::size_t at = to.size();
  append_big(to, tail.lane);
  append_big(to, tail.seq);
  append_big(to, slot_crc(std::string_view(to).substr(at), nonce));
}

void append_slot(std::string& to, Mark mark, std::uint64_t nonce) {
  append_slot(to, LaneTail{kMarkLane, mark.synced_bytes}, nonce);
}

std::string compact(const DurableTail::Lanes& lanes, std::uint64_t nonce, std::uint32_t version) {
  std::string file(kMagic);
  append_big(file, version);
  append_big(file, static_cast<std::uint32_t>(lanes.size()));
  append_big(file, nonce);
  append_big(file, std::uint32_t{0});
  append_big(file, crc32c(0, file));
  for (const auto& [lane, seq] : lanes) append_slot(file, LaneTail{lane, seq}, nonce);
  return file;
}

std::uint64_t file_bytes(std::size_t lanes) { return kHeaderBytes + lanes * kSlotBytes; }

Result<DurableTail::Lanes> parse(std::string_view file, const std::string& path) {
  const Result<FileHeader> header = parse_header(file, path);
  if (!header.ok()) return header.status();

  DurableTail::Lanes lanes;
  std::uint64_t synced_bytes = file_bytes(header->first_slots);
  std::optional<std::uint64_t> first_damage;
  std::size_t at = kHeaderBytes;
  for (; at + kSlotBytes <= file.size(); at += kSlotBytes) {
    const char* slot = file.data() + at;
    if (slot_crc({slot, kSlotBytes - 4}, header->nonce) != get_big<std::uint32_t>(slot + 12)) {
      if (!first_damage) first_damage = at;
      continue;
    }
    const auto lane = get_big<LaneId>(slot);
    const auto value = get_big<Seq>(slot + 4);
    Seq& known = lane == kMarkLane ? synced_bytes : lanes[lane];
    known = std::max(known, value);
  }
  const std::uint64_t whole_until = first_damage.value_or(at);
  if (whole_until < synced_bytes) return damaged(path, whole_until);
  return lanes;
}

}  // namespace outbox::store::tail_format

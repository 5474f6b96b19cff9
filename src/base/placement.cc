#include "base/placement.h"

#include <algorithm>

#include "base/check.h"
#include "base/mutant.h"

namespace outbox {
namespace {

constexpr std::uint32_t kMurmurSeed = 0x9747b28c;
constexpr std::uint32_t kMurmurMultiplier = 0x5bd1e995;
constexpr unsigned kMurmurShift = 24;

std::uint32_t byte_at(std::string_view data, std::size_t index) {
  return static_cast<unsigned char>(data[index]);
}

// The last count whose range has begun at `seq`.
const PartitionCount* covering(std::span<const PartitionCount> history, Seq seq) {
  const auto after =
      std::upper_bound(history.begin(), history.end(), seq,
                       [](Seq wanted, const PartitionCount& row) { return wanted < row.from_seq; });
  return after == history.begin() ? nullptr : &*std::prev(after);
}

}  // namespace

std::uint32_t murmur2(std::string_view data) {
  std::uint32_t hash = kMurmurSeed ^ static_cast<std::uint32_t>(data.size());
  const std::size_t words_end = data.size() & ~std::size_t{3};
  for (std::size_t i = 0; i < words_end; i += 4) {
    std::uint32_t word = byte_at(data, i) | byte_at(data, i + 1) << 8 | byte_at(data, i + 2) << 16 |
                         byte_at(data, i + 3) << 24;
    word *= kMurmurMultiplier;
    word ^= word >> kMurmurShift;
    word *= kMurmurMultiplier;
    hash = (hash * kMurmurMultiplier) ^ word;
  }
  if (words_end < data.size()) {
    for (std::size_t i = data.size(); i-- > words_end;) {
      hash ^= byte_at(data, i) << (8 * (i - words_end));
    }
    hash *= kMurmurMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMurmurMultiplier;
  return hash ^ (hash >> 15);
}

std::optional<std::int32_t> place(std::span<const PartitionCount> history, Seq seq,
                                  std::optional<std::string_view> key,
                                  std::optional<std::int32_t> given) {
  if (given) return given;
  const PartitionCount* row = covering(history, seq);
  if (row != nullptr && mutant(Mutant::kPlacementHistoryIgnored)) row = &history.back();
  if (row == nullptr) return std::nullopt;
  OUTBOX_CHECK(row->count > 0 && row->keyless_block_entries > 0);
  const auto count = static_cast<std::uint32_t>(row->count);
  if (key) return static_cast<std::int32_t>((murmur2(*key) & 0x7fffffffU) % count);
  return static_cast<std::int32_t>((seq / row->keyless_block_entries) % count);
}

}  // namespace outbox

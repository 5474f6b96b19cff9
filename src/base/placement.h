#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "outbox/message.h"

namespace outbox {

/// From `from_seq` on, entries of a lane are placed over `count` partitions,
/// keyless ones in blocks of `keyless_block_entries`. The block is recorded
/// with the count, so that a changed setting never moves a re-send.
struct PartitionCount {
  Seq from_seq = 1;
  std::int32_t count = 0;
  std::uint32_t keyless_block_entries = 1'000;

  friend bool operator==(const PartitionCount&, const PartitionCount&) = default;
};

/// Kafka's murmur2 (org.apache.kafka.common.utils.Utils.murmur2), seed 0x9747b28c.
std::uint32_t murmur2(std::string_view data);

/// The partition of an entry: `given` wins; else the key by murmur2 as Java's
/// default partitioner; else blocks of the sequence number. Pure: a function of
/// the entry and the lane's history (ascending from_seq, covering `seq`).
/// nullopt: the history does not cover `seq` yet.
std::optional<std::int32_t> place(std::span<const PartitionCount> history, Seq seq,
                                  std::optional<std::string_view> key,
                                  std::optional<std::int32_t> given);

}  // namespace outbox

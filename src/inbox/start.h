#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace outbox::inbox {

/// What the group committed to Kafka.
struct CommittedOffset {
  std::int64_t offset = 0;
  std::string metadata;
};

/// What is known of a partition when it is assigned.
struct StartFacts {
  std::optional<std::int64_t> local;  ///< this store's position
  std::optional<CommittedOffset> committed;
  std::string metadata;      ///< what this store commits with
  std::int64_t low = 0;      ///< first offset that Kafka still has
  std::int64_t high = 0;     ///< its end
  bool from_latest = false;  ///< where to start when nothing is known
  std::int64_t window = 0;   ///< messages to read back for duplicates
};

/// Offsets that were to be read and are not there: first..last. `beyond_end`: the topic ends
/// before them, so it was made anew or Kafka lost them; otherwise retention took them.
struct OutOfRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
  bool beyond_end = false;

  friend bool operator==(const OutOfRange&, const OutOfRange&) = default;
};

struct Start {
  std::int64_t position = 0;   ///< first message to process
  std::int64_t read_from = 0;  ///< what lies below position is read only to know duplicates again
  /// The stored numbers belong to `position`; otherwise they are read anew.
  bool keep_dedup = false;

  friend bool operator==(const Start&, const Start&) = default;
};

/// The metadata of this store's commits.
std::string commit_metadata(const std::string& store_id);

/// Does the answer depend on what Kafka still has?
bool needs_ends(const StartFacts& facts);

/// Where a partition goes on. Our own commit is only a hint: the local position, which is in one
/// write with the effects, wins. Another store's commit: whichever is further.
Start choose_start(const StartFacts& facts);

/// Another store went on from our last commit, though we had done more: at most so many messages
/// below its own commit were done twice. `done`: ascending offsets at or above the local position
/// that were finished before it got there.
std::int64_t repeats_of(const StartFacts& facts, std::int64_t committed_by_us,
                        std::span<const std::int64_t> done);

/// nullopt: the position is there.
std::optional<OutOfRange> out_of_range(std::int64_t position, std::int64_t low, std::int64_t high);

/// "offsets 17..99 were removed before they were read"
std::string describe(const OutOfRange& range);

}  // namespace outbox::inbox

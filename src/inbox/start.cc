#include "inbox/start.h"

#include <algorithm>

#include "base/mutant.h"

namespace outbox::inbox {
namespace {

constexpr const char* kMetadataPrefix = "outbox-inbox:";

bool anothers(const StartFacts& facts) {
  return facts.committed && facts.committed->metadata != facts.metadata;
}

bool local_wins(const StartFacts& facts) {
  if (!facts.local) return false;
  if (mutant(Mutant::kKafkaOffsetWins) && facts.committed) return false;
  return !anothers(facts) || *facts.local >= facts.committed->offset;
}

}  // namespace

std::string commit_metadata(const std::string& store_id) { return kMetadataPrefix + store_id; }

bool needs_ends(const StartFacts& facts) { return !local_wins(facts); }

Start choose_start(const StartFacts& facts) {
  if (local_wins(facts)) return {*facts.local, *facts.local, true};
  Start start;
  if (facts.committed) {
    start.position = facts.committed->offset;
  } else {
    start.position = facts.from_latest ? facts.high : facts.low;
  }
  // A position below `low` is out of range; what is read back never is.
  start.read_from = std::min(start.position, std::max(facts.low, start.position - facts.window));
  return start;
}

std::int64_t repeats_of(const StartFacts& facts, std::int64_t committed_by_us,
                        std::span<const std::int64_t> done) {
  if (!anothers(facts)) return 0;
  // What it did beyond its own commit it counts itself, when it comes back.
  const std::int64_t theirs = facts.committed->offset;
  const std::int64_t above = std::ranges::lower_bound(done, theirs) - done.begin();
  if (!facts.local) return above;
  return above + std::max<std::int64_t>(0, std::min(*facts.local, theirs) - committed_by_us);
}

std::optional<OutOfRange> out_of_range(std::int64_t position, std::int64_t low, std::int64_t high) {
  if (position < low) return OutOfRange{position, low - 1, false};
  if (position > high) return OutOfRange{high, position - 1, true};
  return std::nullopt;
}

std::string describe(const OutOfRange& range) {
  const std::string offsets =
      "offsets " + std::to_string(range.first) + ".." + std::to_string(range.last);
  return range.beyond_end
             ? offsets +
                   " were read and are not there any more: the topic was made anew, or Kafka "
                   "lost them"
             : offsets + " were removed before they were read";
}

}  // namespace outbox::inbox

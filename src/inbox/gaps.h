#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "outbox/message.h"

namespace outbox::inbox {

/// The numbers first..last.
struct Range {
  Seq first = 0;
  Seq last = 0;

  friend bool operator==(const Range&, const Range&) = default;
};

/// Numbers of a session that were announced (outbox-prev) and have not come: ranges in ascending
/// order that do not touch. At the limit the two nearest are made one: what lies between them then
/// counts as missing too, so that at worst a repeat is let through, never a first one dropped.
class Gaps {
 public:
  static constexpr std::size_t kRangesMax = 64;

  bool empty() const { return ranges_.empty(); }
  std::span<const Range> ranges() const { return ranges_; }

  /// Above all that is open. Answers how many ranges were merged.
  std::uint64_t open(Range range);
  /// Takes `seq` out. False: it was not missing.
  bool take(Seq seq, std::uint64_t& merged);
  /// What lies strictly between does not exist. Answers how many ranges were merged.
  std::uint64_t drop_between(Seq low, Seq high);

 private:
  std::uint64_t merge_to_limit();

  std::vector<Range> ranges_;
};

}  // namespace outbox::inbox

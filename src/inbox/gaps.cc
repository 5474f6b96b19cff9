#include "inbox/gaps.h"

#include <algorithm>

#include "base/check.h"

namespace outbox::inbox {

std::uint64_t Gaps::open(Range range) {
  OUTBOX_CHECK(range.first > 0 && range.first <= range.last);
  OUTBOX_CHECK(ranges_.empty() || ranges_.back().last < range.first);
  if (!ranges_.empty() && ranges_.back().last + 1 == range.first) {
    ranges_.back().last = range.last;
    return 0;
  }
  ranges_.push_back(range);
  return merge_to_limit();
}

bool Gaps::take(Seq seq, std::uint64_t& merged) {
  const auto at = std::lower_bound(ranges_.begin(), ranges_.end(), seq,
                                   [](const Range& range, Seq s) { return range.last < s; });
  if (at == ranges_.end() || at->first > seq) return false;
  // Everything above seq - 1 and below seq + 1: seq itself.
  merged += drop_between(seq - 1, seq + 1);
  return true;
}

std::uint64_t Gaps::drop_between(Seq low, Seq high) {
  if (ranges_.empty() || ranges_.back().last <= low || ranges_.front().first >= high) return 0;
  std::vector<Range> kept;
  for (const Range& range : ranges_) {
    if (range.first <= low) kept.push_back({range.first, std::min(range.last, low)});
    if (range.last >= high) kept.push_back({std::max(range.first, high), range.last});
  }
  // A range that lies wholly on one side is left as it is by both lines, once each.
  ranges_ = std::move(kept);
  return merge_to_limit();
}

std::uint64_t Gaps::merge_to_limit() {
  std::uint64_t merged = 0;
  for (; ranges_.size() > kRangesMax; ++merged) {
    std::size_t nearest = 1;
    const auto distance = [this](std::size_t i) { return ranges_[i].first - ranges_[i - 1].last; };
    for (std::size_t i = 2; i < ranges_.size(); ++i) {
      if (distance(i) < distance(nearest)) nearest = i;
    }
    ranges_[nearest - 1].last = ranges_[nearest].last;
    ranges_.erase(ranges_.begin() + static_cast<std::ptrdiff_t>(nearest));
  }
  return merged;
}

}  // namespace outbox::inbox

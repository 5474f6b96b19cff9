#include "audit/range_set.h"

#include <algorithm>
#include <iterator>

namespace outbox::audit {

void RangeSet::add(Seq from, Seq through) {
  if (through < from) return;
  // The ranges that touch it: those that begin at or before its end and end at or behind its start.
  auto next = ranges_.upper_bound(through == ~Seq{0} ? through : through + 1);
  while (next != ranges_.begin()) {
    const auto touching = std::prev(next);
    if (touching->second + 1 < from) break;
    from = std::min(from, touching->first);
    through = std::max(through, touching->second);
    next = ranges_.erase(touching);
  }
  ranges_.emplace_hint(next, from, through);
}

void RangeSet::erase(Seq from, Seq through) {
  if (through < from) return;
  auto next = ranges_.upper_bound(through);
  while (next != ranges_.begin()) {
    const auto cut = std::prev(next);
    const auto [first, last] = *cut;
    if (last < from) break;
    next = ranges_.erase(cut);
    if (last > through) next = ranges_.emplace_hint(next, through + 1, last);
    if (first < from) {
      ranges_.emplace_hint(next, first, from - 1);
      break;
    }
  }
}

bool RangeSet::contains(Seq seq) const {
  const auto next = ranges_.upper_bound(seq);
  return next != ranges_.begin() && std::prev(next)->second >= seq;
}

RangeSet RangeSet::missing(Seq from, Seq through) const {
  RangeSet out;
  out.add(from, through);
  out.subtract(*this);
  return out;
}

void RangeSet::subtract(const RangeSet& others) {
  for (const auto& [first, last] : others.ranges_) erase(first, last);
}

std::uint64_t RangeSet::count() const {
  std::uint64_t out = 0;
  for (const auto& [first, last] : ranges_) out += last - first + 1;
  return out;
}

std::vector<Range> RangeSet::listed(std::size_t max) const {
  std::vector<Range> out;
  for (const auto& range : ranges_) {
    if (out.size() == max) break;
    out.push_back(range);
  }
  return out;
}

}  // namespace outbox::audit

#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "outbox/message.h"

namespace outbox::audit {

/// From and through, both included.
using Range = std::pair<Seq, Seq>;

/// A set of numbers, kept as ranges; neighbours become one.
class RangeSet {
 public:
  /// Adds from..through. Nothing when through < from.
  void add(Seq from, Seq through);
  void erase(Seq from, Seq through);
  bool contains(Seq seq) const;

  /// What of from..through is not in it.
  RangeSet missing(Seq from, Seq through) const;
  /// Takes out what `others` has.
  void subtract(const RangeSet& others);

  std::uint64_t count() const;  ///< numbers
  std::size_t ranges() const { return ranges_.size(); }
  bool empty() const { return ranges_.empty(); }
  Seq first() const { return ranges_.empty() ? 0 : ranges_.begin()->first; }
  Seq last() const { return ranges_.empty() ? 0 : std::prev(ranges_.end())->second; }
  /// The first `max` of them.
  std::vector<Range> listed(std::size_t max) const;

 private:
  std::map<Seq, Seq> ranges_;  // first -> last
};

}  // namespace outbox::audit

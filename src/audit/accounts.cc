#include "audit/accounts.h"

namespace outbox::audit {
namespace {

/// Takes out of `from` what `book` has; answers how many that were.
std::uint64_t settle(RangeSet& from, const RangeSet& book) {
  const std::uint64_t before = from.count();
  from.subtract(book);
  return before - from.count();
}

}  // namespace

Reckoning reckon(const OutboxFound* found, const Books& books) {
  const OutboxFound nothing;
  const OutboxFound& there = found == nullptr ? nothing : *found;
  Reckoning out;
  RangeSet missing = there.seen.missing(there.undecided_through + 1, books.tail);
  out.dead = settle(missing, books.dead);
  out.purged = settle(missing, books.purged);
  RangeSet settled = missing;
  settled.erase(books.head, ~Seq{0});
  missing.erase(0, books.head - 1);
  if (settled.count() <= books.requeued_unlisted) {
    out.requeued = settled.count();
    settled = {};
  }
  // Which of them wait only the store knows; how many do is in the books.
  if (missing.count() <= books.pending) {
    out.pending = missing.count();
    missing = {};
  }
  out.lost = settled;
  for (const auto& [from, through] : missing.listed(missing.ranges())) out.lost.add(from, through);
  out.beyond = there.seen;
  out.beyond.erase(0, books.tail);
  return out;
}

}  // namespace outbox::audit

#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "outbox/stats.h"
#include "outbox/status.h"

namespace outbox::cli {

inline constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

inline Seq seq_of(const StoredEntry& entry) { return entry.seq; }
inline Seq seq_of(const DeadLetter& letter) { return letter.entry.seq; }

/// Hands `each` what `fetch(from, count)` lists, page by page, until `count` are there or it has
/// no more: neither we nor who is asked has a long list in memory. A failure of `each` ends it.
template <typename Fetch, typename Each>
Status for_pages(Seq from, std::uint64_t count, Fetch fetch, Each each) {
  constexpr std::uint64_t kPage = 1'000;
  while (count > 0) {
    const auto page = fetch(from, static_cast<std::size_t>(std::min(count, kPage)));
    if (!page.ok()) return page.status();
    if (page->empty()) break;
    if (seq_of(page->front()) < from) {
      return {Code::kUnknownVersion, "the relay that answers is an older one: it lists no pages"};
    }
    if (Status status = each(*page); !status.ok()) return status;
    count -= std::min<std::uint64_t>(count, page->size());
    from = seq_of(page->back()) + 1;
  }
  return {};
}

}  // namespace outbox::cli

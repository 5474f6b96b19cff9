#include "relay/inbox.h"

#include <utility>

namespace outbox::relay {

void Inbox::push(const store::SlabPtr& slab) {
  const std::lock_guard lock(mutex_);
  // Once something was missed, what follows is missed as well: there would be a hole before it.
  if (waiting_.missed.empty() && bytes_ + slab->bytes() <= kBytesMax) {
    bytes_ += slab->bytes();
    waiting_.slabs.push_back(slab);
    return;
  }
  for (const store::SlabEntry& entry : slab->entries()) {
    const auto [found, added] = waiting_.missed.try_emplace(entry.lane, Missed{entry.seq, 0});
    found->second.last = entry.seq;
  }
}

Inbox::Taken Inbox::take() {
  const std::lock_guard lock(mutex_);
  bytes_ = 0;
  return std::exchange(waiting_, {});
}

}  // namespace outbox::relay

#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <vector>

#include "outbox/message.h"
#include "store/slab.h"

namespace outbox::relay {

/// What became durable since the relay thread last looked. Any thread pushes,
/// the relay thread takes. Bounded by bytes: beyond that only the numbers are
/// kept, and the entries are read from the store later.
class Inbox {
 public:
  static constexpr std::size_t kBytesMax = std::size_t{4} << 20;

  /// Entries of a lane that are durable but not in `slabs`.
  struct Missed {
    Seq first = 0;
    Seq last = 0;
  };
  struct Taken {
    std::vector<store::SlabPtr> slabs;
    std::map<store::LaneId, Missed> missed;
  };

  void push(const store::SlabPtr& slab);
  /// Everything so far. Slabs came before what was missed.
  Taken take();

 private:
  std::mutex mutex_;
  Taken waiting_;
  std::size_t bytes_ = 0;
};

}  // namespace outbox::relay

#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "store/commit_slab.h"

namespace outbox::store {

/// Slabs that nobody needs any more, for the groups to come: the memory of a large group is else
/// taken from the kernel, page by page, and given back to it each time. Thread-safe; its slabs may
/// outlive it.
class SlabPool {
 public:
  /// What it keeps at most; the rest is freed.
  static constexpr std::size_t kKeptBytesMax = std::size_t{4} << 20;
  static constexpr std::size_t kKeptSlabsMax = 256;

  /// An empty slab with room for so much; it may become more.
  std::shared_ptr<CommitSlab> take(std::size_t bytes, std::size_t entries) {
    std::unique_ptr<CommitSlab> slab = kept_->take(bytes);
    if (!slab) slab = std::make_unique<CommitSlab>(bytes, entries);
    // Gives up `kept`: a slab that is kept refers to this by its shared_from_this().
    return {slab.release(), [kept = kept_](CommitSlab* done) mutable {
              std::exchange(kept, nullptr)->give_back(std::unique_ptr<CommitSlab>(done));
            }};
  }

  std::size_t kept_bytes() const { return kept_->bytes(); }

 private:
  class Kept {
   public:
    // Giving back must not fail.
    Kept() { slabs_.reserve(kKeptSlabsMax + 1); }

    /// The last that came back and has room for so much, but not far more: a drainer that pins a
    /// slab pays for all of it.
    std::unique_ptr<CommitSlab> take(std::size_t bytes) {
      const std::lock_guard lock(mutex_);
      for (auto at = slabs_.rbegin(); at != slabs_.rend(); ++at) {
        const std::size_t room = (*at)->bytes();
        if (room < bytes || room > kWasteMax * bytes) continue;
        std::unique_ptr<CommitSlab> slab = std::move(*at);
        slabs_.erase(std::next(at).base());
        bytes_ -= slab->memory();
        return slab;
      }
      return nullptr;
    }

    /// Those that were not used for longest make room for it.
    void give_back(std::unique_ptr<CommitSlab> slab) {
      slab->clear();
      if (slab->memory() > kKeptBytesMax) return;  // it alone would push out all others
      const std::lock_guard lock(mutex_);
      bytes_ += slab->memory();
      slabs_.push_back(std::move(slab));
      while (bytes_ > kKeptBytesMax || slabs_.size() > kKeptSlabsMax) {
        bytes_ -= slabs_.front()->memory();
        slabs_.erase(slabs_.begin());
      }
    }

    std::size_t bytes() const {
      const std::lock_guard lock(mutex_);
      return bytes_;
    }

   private:
    static constexpr std::size_t kWasteMax = 4;

    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<CommitSlab>> slabs_;
    std::size_t bytes_ = 0;
  };

  const std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
};

}  // namespace outbox::store

#pragma once

#include <cstdint>

namespace outbox {

/// splitmix64: chance from a seed.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

/// Doubling delays; the second half of each is jitter, so that many lanes which
/// failed together do not come back together.
class Backoff {
 public:
  std::int64_t next_ms(std::int64_t min_ms, std::int64_t max_ms, Random& random) {
    std::int64_t delay = min_ms;
    for (int i = 0; i < attempts_ && delay < max_ms; ++i) delay *= 2;
    if (delay > max_ms) delay = max_ms;
    ++attempts_;
    const auto half = static_cast<std::uint64_t>(delay / 2);
    return delay - static_cast<std::int64_t>(half == 0 ? 0 : random.next() % (half + 1));
  }
  void reset() { attempts_ = 0; }
  int attempts() const { return attempts_; }

 private:
  int attempts_ = 0;
};

}  // namespace outbox

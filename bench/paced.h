#pragma once

#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

namespace outbox::bench {

using Clock = std::chrono::steady_clock;

inline double us_since(Clock::time_point then) {
  return std::chrono::duration<double, std::micro>(Clock::now() - then).count();
}

/// Times at which something is due, so many a second. Open loop: they do not
/// wait for anything, and what is late counts from when it was due.
class Pace {
 public:
  explicit Pace(double per_second) : interval_(1 / per_second) {}

  /// When the next one is due; may have passed.
  Clock::time_point next() const {
    return start_ +
           std::chrono::duration_cast<Clock::duration>(static_cast<double>(taken_) * interval_);
  }
  /// Sleeps until the next one is due, takes it, and answers when that was.
  Clock::time_point wait() {
    const Clock::time_point due = next();
    std::this_thread::sleep_until(due);
    ++taken_;
    return due;
  }

 private:
  const Clock::time_point start_ = Clock::now();
  const std::chrono::duration<double> interval_;
  std::uint64_t taken_ = 0;
};

/// Calls `once`, which blocks, `per_second` times a second from `threads`
/// threads together as long as `more()`; how long each call took from when it
/// was due, in us.
template <typename More, typename Once>
std::vector<double> paced(int threads, double per_second, More more, Once once) {
  std::vector<std::vector<double>> took_us(static_cast<std::size_t>(threads));
  std::vector<std::thread> running;
  for (auto& mine : took_us) {
    running.emplace_back([&mine, &more, &once, rate = per_second / threads] {
      Pace pace(rate);
      while (more()) {
        const Clock::time_point due = pace.wait();
        once();
        mine.push_back(us_since(due));
      }
    });
  }
  std::vector<double> all;
  for (std::size_t i = 0; i < running.size(); ++i) {
    running[i].join();
    all.insert(all.end(), took_us[i].begin(), took_us[i].end());
  }
  return all;
}

}  // namespace outbox::bench

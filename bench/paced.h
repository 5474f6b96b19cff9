#pragma once

#include <chrono>
#include <cstdint>
#include <fstream>
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

/// How long the calling thread was ready to run and had no processor, in us (proc(5): schedstat).
inline double processor_wait_us() {
  std::uint64_t ran_ns = 0;
  std::uint64_t waited_ns = 0;
  std::ifstream("/proc/thread-self/schedstat") >> ran_ns >> waited_ns;
  return static_cast<double>(waited_ns) / 1e3;
}

struct PacedCalls {
  std::vector<double> took_us;   ///< each, from when it was due
  double processor_wait_us = 0;  ///< the callers' own, of all calls
};

/// Calls `once`, which blocks, `per_second` times a second from `threads` threads together as long
/// as `more()`.
template <typename More, typename Once>
PacedCalls paced(int threads, double per_second, More more, Once once) {
  std::vector<PacedCalls> calls(static_cast<std::size_t>(threads));
  std::vector<std::thread> running;
  for (PacedCalls& mine : calls) {
    running.emplace_back([&mine, &more, &once, rate = per_second / threads] {
      const double before_us = processor_wait_us();
      Pace pace(rate);
      while (more()) {
        const Clock::time_point due = pace.wait();
        once();
        mine.took_us.push_back(us_since(due));
      }
      mine.processor_wait_us = processor_wait_us() - before_us;
    });
  }
  PacedCalls all;
  for (std::size_t i = 0; i < running.size(); ++i) {
    running[i].join();
    all.took_us.insert(all.took_us.end(), calls[i].took_us.begin(), calls[i].took_us.end());
    all.processor_wait_us += calls[i].processor_wait_us;
  }
  return all;
}

}  // namespace outbox::bench

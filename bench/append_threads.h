#pragma once

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "append_sides.h"
#include "measure.h"

namespace outbox::bench {

/// Calls `once` over and over on `threads` threads for `seconds`; each call
/// makes `entries` messages durable. Both sides are driven by this.
template <typename Once>
Sample drive(int threads, double seconds, std::size_t entries, Once once) {
  std::atomic<bool> stop{false};
  std::vector<std::vector<double>> took_us(static_cast<std::size_t>(threads));
  std::vector<std::thread> running;
  const double cpu = cpu_seconds();
  const StopWatch watch;
  for (auto& mine : took_us) {
    running.emplace_back([&stop, &once, &mine] {
      while (!stop.load(std::memory_order_relaxed)) {
        const StopWatch call;
        once();
        mine.push_back(call.seconds() * 1e6);
      }
    });
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  for (auto& thread : running) thread.join();
  const double elapsed = watch.seconds();
  const double cpu_used_us = (cpu_seconds() - cpu) * 1e6;
  std::vector<double> all;
  for (const auto& mine : took_us) all.insert(all.end(), mine.begin(), mine.end());
  const double messages = static_cast<double>(all.size()) * static_cast<double>(entries);
  const auto [p50_us, p99_us] = percentiles(std::move(all));
  return {messages / elapsed, p50_us, p99_us, cpu_used_us / messages};
}

}  // namespace outbox::bench

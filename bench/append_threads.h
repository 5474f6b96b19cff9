#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "append_sides.h"
#include "report.h"

namespace outbox::bench {

template <typename AnyStatus>
void must(const AnyStatus& status, const std::string& text) {
  if (status.ok()) return;
  std::cerr << "append: " << text << '\n';
  std::exit(1);
}

inline std::string random_bytes(std::size_t count) {
  std::mt19937_64 random(20'260'101);
  std::string bytes(count, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

/// Calls `once` over and over on `threads` threads for `seconds`; each call
/// makes `entries` messages durable. Both sides are driven by this.
template <typename Once>
Sample drive(int threads, double seconds, std::size_t entries, Once once) {
  std::atomic<bool> stop{false};
  std::vector<std::vector<double>> took_us(static_cast<std::size_t>(threads));
  std::vector<std::thread> running;
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
  std::vector<double> all;
  for (const auto& mine : took_us) all.insert(all.end(), mine.begin(), mine.end());
  std::sort(all.begin(), all.end());
  return {static_cast<double>(all.size() * entries) / elapsed, all[all.size() / 2],
          all[all.size() * 99 / 100]};
}

}  // namespace outbox::bench

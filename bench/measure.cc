#include "measure.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <string_view>
#include <thread>

namespace outbox::bench {
namespace {

constexpr std::chrono::milliseconds kLook{50};
/// At rest is a machine whose processors were idle for so many looks, but for this part of them;
/// one that others use is not waited for any longer than this.
constexpr int kQuietLooks = 4;
constexpr double kQuietShare = 0.1;
constexpr double kRestMaxSeconds = 20;

/// Of all processors since the machine started (proc(5): stat), in ticks.
struct Ticks {
  std::uint64_t all = 0;
  std::uint64_t idle = 0;
};

Ticks ticks() {
  constexpr int kIdle = 3;     // user, nice, system, idle,
  constexpr int kWaiting = 4;  // and idle with something on its way to the disk
  std::ifstream stat("/proc/stat");
  std::string cpu;
  stat >> cpu;
  Ticks sum;
  std::uint64_t one = 0;
  for (int i = 0; i < 8 && stat >> one; ++i) {
    sum.all += one;
    if (i == kIdle || i == kWaiting) sum.idle += one;
  }
  return sum;
}

}  // namespace

void die(const std::string& what) {
  std::cerr << ::program_invocation_short_name << ": " << what << std::endl;
  // Other threads are at work: no destructors.
  std::_Exit(1);
}

std::string random_text(std::size_t count) {
  constexpr std::string_view kLetters =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
  std::mt19937_64 random(20'260'101);
  std::string text(count, '\0');
  for (char& c : text) c = kLetters[random() % kLetters.size()];
  return text;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void come_to_rest() {
  ::sync();
  const StopWatch watch;
  int quiet = 0;
  for (Ticks before = ticks(); quiet < kQuietLooks && watch.seconds() < kRestMaxSeconds;) {
    std::this_thread::sleep_for(kLook);
    const Ticks now = ticks();
    const auto busy = static_cast<double>(now.all - before.all - (now.idle - before.idle));
    quiet = busy <= kQuietShare * static_cast<double>(now.all - before.all) ? quiet + 1 : 0;
    before = now;
  }
  ::sync();
}

Percentiles percentiles(std::vector<double> took_us) {
  if (took_us.empty()) die("nothing was measured");
  std::sort(took_us.begin(), took_us.end());
  return {took_us[took_us.size() / 2], took_us[took_us.size() * 99 / 100]};
}

std::vector<double> ratios(const std::vector<double>& ours, const std::vector<double>& theirs) {
  std::vector<double> all;
  for (std::size_t i = 0; i < ours.size(); ++i) all.push_back(ours[i] / theirs[i]);
  return all;
}

void set_ratio(Row& row, const std::vector<double>& ratios, const std::string& prefix) {
  const auto [lowest, highest] = std::minmax_element(ratios.begin(), ratios.end());
  row.set(prefix + "ratio", median(ratios))
      .set(prefix + "lowest", *lowest)
      .set(prefix + "highest", *highest);
}

}  // namespace outbox::bench

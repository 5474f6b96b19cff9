#include "measure.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string_view>
#include <thread>

namespace outbox::bench {
namespace {

/// A program at rest takes less than this between two looks.
constexpr double kAtRestCpuSeconds = 0.001;
constexpr std::chrono::milliseconds kLookAgain{50};
constexpr double kRestMaxSeconds = 60;

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
  const StopWatch watch;
  double before = 0;
  for (double now = cpu_seconds(); now - before > kAtRestCpuSeconds; now = cpu_seconds()) {
    if (watch.seconds() > kRestMaxSeconds) die("the program does not come to rest");
    before = now;
    std::this_thread::sleep_for(kLookAgain);
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

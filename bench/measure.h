#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "outbox/status.h"
#include "report.h"

namespace outbox::bench {

/// One line to stderr, and the end of the program: what follows a failure is no figure.
[[noreturn]] void die(const std::string& what);

/// Ends the program unless ok. Of a Status, a Result or a rocksdb::Status.
template <typename AnyStatus>
void must(const AnyStatus& status) {
  if (status.ok()) return;
  if constexpr (requires { status.ToString(); }) {
    die(status.ToString());
  } else if constexpr (requires { status.to_string(); }) {
    die(status.to_string());
  } else {
    die(status.status().to_string());
  }
}

/// The value, or the end of the program.
template <typename T>
T value_of(Result<T> result) {
  must(result);
  return std::move(result).value();
}

/// Printable, the same in every run, and nothing compresses it to less than three quarters.
std::string random_text(std::size_t count);

/// Of this process, on all its threads.
double cpu_seconds();

/// What `work` costs for `count` messages.
struct Timed {
  double per_second = 0;
  double cpu_us = 0;  ///< of this process, per message
};

template <typename Work>
Timed timed(std::uint64_t count, Work work) {
  const double cpu = cpu_seconds();
  const StopWatch watch;
  work();
  const double elapsed = watch.seconds();
  const auto messages = static_cast<double>(count);
  return {messages / elapsed, (cpu_seconds() - cpu) * 1e6 / messages};
}

/// Returns when the processors are idle and nothing waits to be written: what was done before (a
/// flush of what was appended, brokers that remove a topic) is not in the next figure.
void come_to_rest();

/// Runs each side once a round, at rest before each. Who begins goes round, so that a trend of the
/// machine hits all. Answers the samples by side, then by round.
template <typename Sample>
std::vector<std::vector<Sample>> alternate(int rounds,
                                           const std::vector<std::function<Sample()>>& sides) {
  std::vector<std::vector<Sample>> samples(sides.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < sides.size(); ++i) {
      const std::size_t side = (i + static_cast<std::size_t>(round)) % sides.size();
      come_to_rest();
      samples[side].push_back(sides[side]());
    }
  }
  return samples;
}

struct Percentiles {
  double p50_us = 0;
  double p99_us = 0;
};
/// Of an unsorted sample; an empty one ends the program.
Percentiles percentiles(std::vector<double> took_us);

/// One figure of each sample.
template <typename Sample, std::invocable<const Sample&> Figure>
std::vector<double> column(const std::vector<Sample>& samples, Figure figure) {
  std::vector<double> values;
  values.reserve(samples.size());
  for (const Sample& sample : samples) {
    values.push_back(static_cast<double>(std::invoke(figure, sample)));
  }
  return values;
}

/// The median of one figure.
template <typename Sample, std::invocable<const Sample&> Figure>
double median_of(const std::vector<Sample>& samples, Figure figure) {
  return median(column(samples, figure));
}

/// Round by round.
std::vector<double> ratios(const std::vector<double>& ours, const std::vector<double>& theirs);

/// Sets `prefix`ratio to the median, `prefix`lowest and `prefix`highest to the spread.
void set_ratio(Row& row, const std::vector<double>& ratios, const std::string& prefix = "");

/// The same of one figure of both sides.
template <typename Sample, std::invocable<const Sample&> Figure>
void set_ratio(Row& row, const std::vector<Sample>& ours, const std::vector<Sample>& theirs,
               Figure figure, const std::string& prefix = "") {
  set_ratio(row, ratios(column(ours, figure), column(theirs, figure)), prefix);
}

}  // namespace outbox::bench

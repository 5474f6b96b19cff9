#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace outbox::bench {

using Value = std::variant<std::string, std::uint64_t, double>;

/// One result: named values, in the order in which they are printed.
class Row {
 public:
  Row& set(std::string name, Value value) {
    values_.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  const std::vector<std::pair<std::string, Value>>& values() const { return values_; }

 private:
  std::vector<std::pair<std::string, Value>> values_;
};

/// What every benchmark prints: a line of JSON with the machine and the
/// versions, a line of JSON a row as soon as it is measured, and at the end
/// the rows again as a table. Lines of JSON start with '{', nothing else does.
/// Not thread-safe.
class Report {
 public:
  /// Prints the first line.
  explicit Report(std::string bench);
  void add(Row row);
  /// Rows need not have the same names: each new set of names starts a table.
  void print_table() const;

 private:
  const std::string bench_;
  std::vector<Row> rows_;
};

/// Of an unsorted, non-empty sample.
double median(std::vector<double> sample);

/// Sets `name` to the median, and `name`_lowest and `name`_highest to the spread.
void set_spread(Row& row, const std::string& name, const std::vector<double>& sample);

class StopWatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Resident memory of this process, now and at most so far; 0 where /proc is missing.
struct Memory {
  std::uint64_t now_bytes = 0;
  std::uint64_t peak_bytes = 0;
};
Memory memory();

}  // namespace outbox::bench

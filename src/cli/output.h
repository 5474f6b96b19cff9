#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "outbox/status.h"

namespace outbox::cli {

/// Writes to standard output; a failure (a reader that went away, a full disk)
/// is kIoError and says so.
Status print(const std::string& text);

/// Columns for people: the first row is the heading; numbers are right-aligned.
std::string table(const std::vector<std::vector<std::string>>& rows);

/// "2025-01-31T12:00:00.000Z"
std::string utc_time(std::int64_t ms);

/// Who gives an order, for records that outlast it: "USER, pid N".
std::string who_am_i();

/// One line on a terminal's standard error that is drawn over and over, at
/// most a few times a second; nothing where standard error is no terminal.
class ProgressLine {
 public:
  ProgressLine();
  /// Removes the line.
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const std::string& text);
  /// "[#####.....]  52 %"
  static std::string bar(std::uint64_t done, std::uint64_t total);

 private:
  const bool on_;
  bool drawn_ = false;
  std::int64_t last_ms_ = 0;
};

}  // namespace outbox::cli

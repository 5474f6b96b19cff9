#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "outbox/status.h"

namespace outbox::service {

/// Lines of a file descriptor, in bounded memory. Not thread-safe.
class LineReader {
 public:
  /// A line longer than `line_bytes_max` is an error. The descriptor is the caller's.
  LineReader(int fd, std::size_t line_bytes_max) : fd_(fd), line_bytes_max_(line_bytes_max) {}

  /// True: `line` holds the next one without its \n (a \r is the line's own), valid until
  /// the next call. False: the end. The last line needs no line end.
  /// kTooLarge, kIoError.
  Result<bool> next(std::string_view& line);

  /// Number of the line that next() gave, from 1.
  std::uint64_t number() const { return number_; }
  std::uint64_t bytes_read() const { return bytes_read_; }

  /// next() would answer without waiting for a slow writer.
  bool ready() const;

 private:
  Result<bool> fill();

  const int fd_;
  const std::size_t line_bytes_max_;
  std::string buffer_;
  std::size_t begin_ = 0;
  bool ended_ = false;
  std::uint64_t number_ = 0;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace outbox::service

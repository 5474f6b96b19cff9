#include "service/line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace outbox::service {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

}  // namespace

Result<bool> LineReader::next(std::string_view& line) {
  std::size_t searched = begin_;
  while (true) {
    const auto end = buffer_.find('\n', searched);
    if (end != std::string::npos) {
      line = std::string_view(buffer_).substr(begin_, end - begin_);
      begin_ = end + 1;
      break;
    }
    if (ended_) {
      if (begin_ == buffer_.size()) return false;
      line = std::string_view(buffer_).substr(begin_);
      begin_ = buffer_.size();
      break;
    }
    searched = buffer_.size() - begin_;  // fill() moves the rest to the front
    if (searched > line_bytes_max_) {
      return Status(Code::kTooLarge, "line " + std::to_string(number_ + 1) + ": longer than " +
                                         std::to_string(line_bytes_max_) + " bytes");
    }
    if (auto filled = fill(); !filled.ok()) return filled;
  }
  ++number_;
  return true;
}

Result<bool> LineReader::fill() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  const std::size_t had = buffer_.size();
  buffer_.resize(had + kReadBytes);
  ssize_t count = 0;
  do {
    count = ::read(fd_, buffer_.data() + had, kReadBytes);
  } while (count < 0 && errno == EINTR);
  buffer_.resize(had + static_cast<std::size_t>(count < 0 ? 0 : count));
  if (count < 0) {
    return Status(Code::kIoError,
                  "cannot read the input: " + std::generic_category().message(errno));
  }
  ended_ = count == 0;
  bytes_read_ += static_cast<std::uint64_t>(count);
  return true;
}

bool LineReader::ready() const {
  if (ended_ || buffer_.find('\n', begin_) != std::string::npos) return true;
  pollfd input{fd_, POLLIN, 0};
  return ::poll(&input, 1, 0) != 0;
}

}  // namespace outbox::service

#include "store/holder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <thread>

#include "base/mutant.h"
#include "store/store.h"

namespace outbox::store {

namespace {

constexpr std::chrono::milliseconds kRetry_ms{10};
constexpr std::size_t kTextBytesMax = 256;

/// The whole file. Locks of the open file description (not of the process):
/// closing another descriptor of the same file does not release them, and they
/// hold within one process too.
struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

std::string error_text(const std::string& what) { return what + ": " + std::strerror(errno); }

/// "1234 program" of the holder file as "pid 1234 (program)".
std::string read_name(int fd) {
  char text[kTextBytesMax];
  const ssize_t got = ::pread(fd, text, sizeof(text), 0);
  const std::string line(text, got > 0 ? static_cast<std::size_t>(got) : 0);
  const std::size_t space = line.find(' ');
  const std::size_t end = line.find('\n');
  if (space == std::string::npos || end == std::string::npos || end < space) {
    return "another process";  // it has locked, and has not written yet
  }
  return "pid " + line.substr(0, space) + " (" + line.substr(space + 1, end - space - 1) + ")";
}

bool try_lock(int fd) {
  struct flock lock = whole_file();
  return mutant(Mutant::kSecondWriter) || ::fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

Status write_name(int fd, const std::string& path) {
  const std::string line = std::to_string(::getpid()) + " " + program_invocation_short_name + "\n";
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, line.data(), line.size(), 0) != static_cast<ssize_t>(line.size())) {
    // The lock is what counts; without a name the holder is "another process".
    if (errno != ENOSPC && errno != EDQUOT) return {Code::kIoError, error_text(path)};
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<HolderLock>> HolderLock::acquire(const std::filesystem::path& dir,
                                                        std::chrono::milliseconds deadline_ms) {
  const std::string path = (dir / kFileName).string();
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return Status(Code::kIoError, error_text(path));
  std::unique_ptr<HolderLock> lock(new HolderLock(fd));

  const auto deadline = std::chrono::steady_clock::now() + deadline_ms;
  while (!try_lock(fd)) {
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
      return Status(Code::kIoError, error_text("locking " + path));
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return Status(Code::kBusy, dir.string() + " is held by " + read_name(fd));
    }
    std::this_thread::sleep_for(kRetry_ms);
  }
  lock->held_ = true;
  Status named = write_name(fd, path);
  if (!named.ok()) return named;
  return lock;
}

HolderLock::~HolderLock() {
  // Best effort: a stale name is never read, because the lock decides.
  if (held_ && ::ftruncate(fd_, 0) != 0) errno = 0;
  ::close(fd_);
}

std::string holder(const std::filesystem::path& dir) {
  const std::string path = (dir / HolderLock::kFileName).string();
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  struct flock lock = whole_file();
  std::string name;
  if (::fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK) name = read_name(fd);
  ::close(fd);
  return name;
}

}  // namespace outbox::store

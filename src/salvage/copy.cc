#include "salvage/copy.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace outbox::salvage {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
/// Around a bad sector everything else is still read.
constexpr std::size_t kPageBytes = 4'096;
constexpr mode_t kMode = 0600;

class File {
 public:
  File(const std::filesystem::path& path, int flags)
      : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, kMode)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int fd() const { return fd_; }
  Status failed(const char* doing) const {
    const int error = errno;
    return {error == ENOSPC ? Code::kDiskFull : Code::kIoError,
            std::string(doing) + " " + path_.string() + ": " + std::strerror(error)};
  }

 private:
  const std::filesystem::path path_;
  const int fd_;
};

Status write_all(const File& to, const char* bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t wrote = ::write(to.fd(), bytes, count);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return to.failed("writing");
    bytes += wrote;
    count -= static_cast<std::size_t>(wrote);
  }
  return {};
}

/// One file; counts what was read and what could not be.
class Copier {
 public:
  Copier(const CopyProgress& progress, std::vector<std::string>& notes)
      : progress_(progress), notes_(notes), buffer_(kChunkBytes, '\0') {}

  Status copy(const std::filesystem::path& from, const std::filesystem::path& to) {
    const File source(from, O_RDONLY);
    const File target(to, O_WRONLY | O_CREAT | O_EXCL);
    if (target.fd() < 0) return target.failed("creating");
    if (source.fd() < 0) {
      notes_.push_back(source.failed("opening").message());
      return {};
    }
    const off_t end = ::lseek(source.fd(), 0, SEEK_END);
    std::uint64_t unreadable = 0;
    for (off_t at = 0; at < end;) {
      std::size_t count = std::min(buffer_.size(), static_cast<std::size_t>(end - at));
      ssize_t got = ::pread(source.fd(), buffer_.data(), count, at);
      if (got < 0) {
        count = std::min(kPageBytes, count);
        got = ::pread(source.fd(), buffer_.data(), count, at);
      }
      if (got == 0) break;
      if (got < 0) {
        std::fill_n(buffer_.begin(), count, '\0');
        unreadable += count;
        got = static_cast<ssize_t>(count);
      }
      if (Status status = write_all(target, buffer_.data(), static_cast<std::size_t>(got));
          !status.ok()) {
        return status;
      }
      at += got;
      progress_(copied_ += static_cast<std::uint64_t>(got));
    }
    if (unreadable > 0) {
      notes_.push_back(from.string() + ": " + std::to_string(unreadable) +
                       " bytes cannot be read from the disk; they are zeros in the copy");
    }
    return ::fsync(target.fd()) == 0 ? Status() : target.failed("syncing");
  }

 private:
  const CopyProgress& progress_;
  std::vector<std::string>& notes_;
  std::string buffer_;
  std::uint64_t copied_ = 0;
};

Status sync_names(const std::filesystem::path& dir) {
  const File directory(dir, O_RDONLY | O_DIRECTORY);
  if (directory.fd() < 0 || ::fsync(directory.fd()) != 0) return directory.failed("syncing");
  return {};
}

Status copy_into(const std::filesystem::path& from, const std::filesystem::path& to,
                 Copier& copier) {
  std::error_code error;
  std::filesystem::create_directory(to, error);
  if (error) return {Code::kIoError, "creating " + to.string() + ": " + error.message()};
  for (std::filesystem::directory_iterator at(from, error), end; !error && at != end;
       at.increment(error)) {
    const std::filesystem::path name = to / at->path().filename();
    Status status;
    if (at->is_directory()) status = copy_into(at->path(), name, copier);
    if (at->is_regular_file()) status = copier.copy(at->path(), name);
    if (!status.ok()) return status;
  }
  if (error) return {Code::kIoError, "listing " + from.string() + ": " + error.message()};
  return sync_names(to);
}

}  // namespace

Result<std::vector<std::string>> copy_directory(const std::filesystem::path& from,
                                                const std::filesystem::path& to,
                                                const CopyProgress& progress) {
  std::vector<std::string> notes;
  Copier copier(progress, notes);
  if (Status status = copy_into(from, to, copier); !status.ok()) return status;
  return notes;
}

Status sync_file(const std::filesystem::path& path) {
  const File file(path, O_RDONLY);
  if (file.fd() < 0 || ::fsync(file.fd()) != 0) return file.failed("syncing");
  return sync_names(path.parent_path());
}

}  // namespace outbox::salvage

#include "process.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

namespace outbox::bench {
namespace {

constexpr double kNanosecondsPerSecond = 1e9;

/// The number of the line "name: number" of a file of /proc.
std::uint64_t number_of(const std::filesystem::path& path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1));
  }
  return 0;
}

}  // namespace

std::uint64_t written_bytes() { return number_of("/proc/self/io", "write_bytes"); }

std::uint64_t read_bytes() { return number_of("/proc/self/io", "rchar"); }

void restart_memory_peak() {
  std::ofstream("/proc/self/clear_refs") << "5";  // proc(5): resets VmHWM
}

std::map<pid_t, ThreadUse> threads() {
  std::map<pid_t, ThreadUse> all;
  std::error_code ignored;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", ignored)) {
    ThreadUse use;
    std::ifstream(task.path() / "comm") >> use.name;
    double nanoseconds = 0;
    std::ifstream(task.path() / "schedstat") >> nanoseconds;
    use.cpu_seconds = nanoseconds / kNanosecondsPerSecond;
    use.wakeups = number_of(task.path() / "status", "voluntary_ctxt_switches");
    all[static_cast<pid_t>(std::stol(task.path().filename()))] = std::move(use);
  }
  return all;
}

void forget_cached(const std::filesystem::path& dir) {
  for (const auto& file : std::filesystem::recursive_directory_iterator(dir)) {
    if (!file.is_regular_file()) continue;
    const int fd = open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
    // Dirty pages would stay.
    if (fd < 0 || fsync(fd) != 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0) {
      std::cerr << "cannot forget " << file.path() << '\n';
      std::exit(1);
    }
    close(fd);
  }
}

}  // namespace outbox::bench

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

/// What this process costs, by /proc.
namespace outbox::bench {

/// Bytes that this process had sent to the storage layer, in whole pages.
std::uint64_t written_bytes();

/// Bytes that this process read from files, from the page cache or not.
std::uint64_t read_bytes();

/// memory().peak_bytes starts anew from what is resident now.
void restart_memory_peak();

/// What one thread has cost so far.
struct ThreadUse {
  std::string name;
  double cpu_seconds = 0;
  std::uint64_t wakeups = 0;  ///< it waited, and went on: voluntary context switches
};
std::map<pid_t, ThreadUse> threads();

/// Drops the pages of all files in `dir` from the page cache, as after a restart of the machine.
void forget_cached(const std::filesystem::path& dir);

}  // namespace outbox::bench

#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>

namespace outbox::bench {

/// A number in a file, which outlives a process that is killed.
class SharedCount {
 public:
  /// Made with 0 when it is not there.
  explicit SharedCount(const std::filesystem::path& file);
  ~SharedCount();
  SharedCount(const SharedCount&) = delete;
  SharedCount& operator=(const SharedCount&) = delete;
  std::atomic<std::uint64_t>& operator*() const { return *count_; }

 private:
  std::atomic<std::uint64_t>* count_ = nullptr;
};

}  // namespace outbox::bench

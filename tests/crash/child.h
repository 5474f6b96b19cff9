#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>

namespace outbox::test {

/// A process that works on a store (crash_child) and tells a journal; killed at the end.
class Child {
 public:
  Child(const std::filesystem::path& dir, const std::filesystem::path& journal,
        const std::string& prefix, std::uint64_t seed);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  /// Waits until the journal has so many bytes, or the process ended, or the deadline.
  bool journal_reaches(std::uint64_t bytes) const;
  bool ended() const;
  std::uint64_t journal_bytes() const;
  /// False: it had ended by itself.
  bool kill();

 private:
  const std::filesystem::path journal_;
  pid_t pid_ = -1;
};

}  // namespace outbox::test

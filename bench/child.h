#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace outbox::bench {

/// Another process; killed with the object, and when this process ends. What it
/// prints goes to `log`.
class Child {
 public:
  Child(const std::vector<std::string>& command, const std::filesystem::path& log);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void signal(int number) const;
  /// False once it has ended.
  bool running();
  /// SIGKILL; returns when it has ended.
  void kill();

 private:
  pid_t pid_ = -1;
};

}  // namespace outbox::bench

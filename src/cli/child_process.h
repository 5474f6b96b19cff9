#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outbox/status.h"

namespace outbox::cli {

/// A child process with its standard input and output on pipes. Killed and
/// reaped by the destructor.
class ChildProcess {
 public:
  /// Runs this very program with `arguments`.
  static Result<std::unique_ptr<ChildProcess>> start_self(
      const std::vector<std::string>& arguments);
  /// Runs a command of the shell, in a process group of its own (Ctrl-C on a terminal is ours to
  /// answer) and with no signal blocked.
  static Result<std::unique_ptr<ChildProcess>> start_shell(const std::string& command);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// The next line of its output; nullopt when none came within `wait` or the
  /// output ended (see ended()).
  std::optional<std::string> read_line(std::chrono::milliseconds wait);
  bool ended() const { return ended_; }
  void write_line(const std::string& line);
  /// What it may read ends.
  void end_input();
  /// With its process group, if it has one of its own. Any thread.
  void kill_hard();
  /// Waits for the end; the exit code, or 128 + signal.
  int wait();

 private:
  enum class Group { kOurs, kOwn };
  static Result<std::unique_ptr<ChildProcess>> start(std::vector<std::string> words, Group group);
  ChildProcess(pid_t pid, Group group, int input, int output)
      : pid_(pid), group_(group), input_(input), output_(output) {}

  const pid_t pid_;
  const Group group_;
  int input_;
  int output_;
  bool ended_ = false;
  std::optional<int> exit_code_;
  std::string buffer_;
};

}  // namespace outbox::cli

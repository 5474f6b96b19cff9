#include "cli/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace outbox::cli {
namespace {

/// Longer lines come in pieces.
constexpr std::size_t kLineBytesMax = std::size_t{1} << 20;

Status system_error(const char* what) {
  return {Code::kIoError, std::string(what) + ": " + std::strerror(errno)};
}

/// Own group, nothing blocked.
void set_apart(posix_spawnattr_t* attributes) {
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(attributes, &none);
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);  // ignored by us
  posix_spawnattr_setsigdefault(attributes, &pipe);
  posix_spawnattr_setpgroup(attributes, 0);
  posix_spawnattr_setflags(attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::start_self(
    const std::vector<std::string>& arguments) {
  std::vector<std::string> words{"/proc/self/exe"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return start(std::move(words), Group::kOurs);
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::start_shell(const std::string& command) {
  return start({"/bin/sh", "-c", command}, Group::kOwn);
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(std::vector<std::string> words,
                                                          Group group) {
  std::array<int, 2> input{};
  std::array<int, 2> output{};
  if (pipe2(input.data(), O_CLOEXEC) != 0) return system_error("pipe");
  if (pipe2(output.data(), O_CLOEXEC) != 0) {
    close(input[0]);
    close(input[1]);
    return system_error("pipe");
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  if (group == Group::kOwn) set_apart(&attributes);

  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close(input[0]);
  close(output[1]);
  if (failed != 0) {
    close(input[1]);
    close(output[0]);
    errno = failed;
    return system_error("cannot start a child process");
  }
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid, group, input[1], output[0]));
}

ChildProcess::~ChildProcess() {
  if (!exit_code_) {
    kill_hard();
    wait();
  }
  end_input();
  close(output_);
}

void ChildProcess::end_input() {
  if (input_ >= 0) close(input_);
  input_ = -1;
}

std::optional<std::string> ChildProcess::read_line(std::chrono::milliseconds wait_ms) {
  while (true) {
    if (const auto end = buffer_.find('\n'); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    if (buffer_.size() >= kLineBytesMax) return std::exchange(buffer_, {});
    pollfd readable{output_, POLLIN, 0};
    if (poll(&readable, 1, static_cast<int>(wait_ms.count())) <= 0) return std::nullopt;
    std::array<char, 4096> bytes{};
    const auto count = ::read(output_, bytes.data(), bytes.size());
    if (count <= 0) {
      ended_ = true;
      return std::nullopt;
    }
    buffer_.append(bytes.data(), static_cast<std::size_t>(count));
  }
}

void ChildProcess::write_line(const std::string& line) {
  const std::string bytes = line + "\n";
  // A child that is gone is seen by read_line() and wait(); SIGPIPE is ignored by main.
  for (std::size_t done = 0; done < bytes.size();) {
    const auto written = ::write(input_, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno != EINTR) return;
    if (written > 0) done += static_cast<std::size_t>(written);
  }
}

void ChildProcess::kill_hard() { ::kill(group_ == Group::kOwn ? -pid_ : pid_, SIGKILL); }

int ChildProcess::wait() {
  if (!exit_code_) {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return *exit_code_;
}

}  // namespace outbox::cli

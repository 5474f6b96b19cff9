#include "crash/child.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "support/wait.h"

extern char** environ;

namespace outbox::test {
namespace {

constexpr std::chrono::milliseconds kProgress_ms{20'000};

std::uint64_t size_of(const std::filesystem::path& path) {
  std::error_code ignored;
  const std::uintmax_t bytes = std::filesystem::file_size(path, ignored);
  return bytes == static_cast<std::uintmax_t>(-1) ? 0 : bytes;
}

}  // namespace

Child::Child(const std::filesystem::path& dir, const std::filesystem::path& journal,
             const std::string& prefix, std::uint64_t seed)
    : journal_(journal) {
  std::vector<std::string> words = {CRASH_CHILD, dir.string(), journal.string(), prefix,
                                    std::to_string(seed)};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  if (::posix_spawn(&pid_, CRASH_CHILD, nullptr, nullptr, argv.data(), environ) != 0) std::abort();
}

Child::~Child() { (void)kill(); }

bool Child::ended() const {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid_;
}

bool Child::journal_reaches(std::uint64_t bytes) const {
  return wait_until([&] { return size_of(journal_) >= bytes || ended(); }, kProgress_ms) &&
         !ended();
}

std::uint64_t Child::journal_bytes() const { return size_of(journal_); }

bool Child::kill() {
  if (pid_ <= 0) return false;  // -1 would be everybody
  const bool by_itself = ended();
  ::kill(pid_, SIGKILL);
  int state = 0;
  ::waitpid(pid_, &state, 0);
  pid_ = -1;
  return !by_itself;
}

}  // namespace outbox::test

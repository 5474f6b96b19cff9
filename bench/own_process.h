#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <type_traits>

/// Measurements in processes of their own, so that memory, caches and threads of one are not the
/// next one's. The caller must have no other threads (neither RocksDB's nor librdkafka's).
namespace outbox::bench {

/// Waits for the child; one that did not end as it should ends the program.
inline void must_end(pid_t child, bool killed) {
  int how = 0;
  waitpid(child, &how, 0);
  if (killed ? WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL
             : WIFEXITED(how) && WEXITSTATUS(how) == 0) {
    return;
  }
  std::cerr << "a child process did not end as it should\n";
  std::exit(1);
}

/// Returns what `work` returned in its process.
template <typename Work>
auto in_child(Work work) -> std::invoke_result_t<Work> {
  using Figures = std::invoke_result_t<Work>;
  static_assert(std::is_trivially_copyable_v<Figures>);
  int ends[2] = {};
  if (pipe(ends) != 0) std::abort();
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) std::abort();
  if (child == 0) {
    close(ends[0]);
    const Figures figures = work();
    const bool told = write(ends[1], &figures, sizeof figures) == ssize_t{sizeof figures};
    _exit(told ? 0 : 1);
  }
  close(ends[1]);
  Figures figures{};
  const bool told = read(ends[0], &figures, sizeof figures) == ssize_t{sizeof figures};
  close(ends[0]);
  must_end(child, false);
  if (!told) std::abort();
  return figures;
}

/// `work` must not return but end in SIGKILL.
template <typename Work>
void in_killed_child(Work work) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) std::abort();
  if (child == 0) {
    work();
    _exit(1);
  }
  must_end(child, true);
}

}  // namespace outbox::bench

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "crash/rig.h"

// crash_child DIR JOURNAL PREFIX SEED: works on the store until it is killed.
int main(int argc, char** argv) {
  using namespace outbox;
  constexpr int kEndless = 1'000'000'000;
  if (argc != 5) return 2;
  // Nobody kills it once the test is dead.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return 2;
  const int journal = ::open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (journal < 0) return 2;
  test::Oracle oracle(argv[3], journal);
  auto store = store::Store::open(argv[1], test::Rig::small_options(), {});
  if (!store.ok()) {
    std::cerr << store.status().to_string() << "\n";
    return 1;
  }
  test::work(**store, oracle, std::strtoull(argv[4], nullptr, 10), kEndless);
  return 1;  // work ends only when an append fails
}

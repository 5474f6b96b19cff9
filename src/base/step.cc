#include "base/step.h"

#ifdef OUTBOX_MUTANTS

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace outbox {
namespace {

struct KillAt {
  int step = -1;
  std::atomic<long> passings_left{0};

  KillAt() {
    const char* const text = std::getenv("OUTBOX_KILL_AT");
    if (text == nullptr || *text == '\0') return;
    const std::string all = text;
    const std::string wanted = all.substr(0, all.find(':'));
    const char* const names[] = {
#define OUTBOX_STEP(id, name) name,
#include "base/steps.inc"
#undef OUTBOX_STEP
    };
    for (int i = 0; i < static_cast<int>(std::size(names)); ++i) {
      if (wanted == names[i]) step = i;
    }
    passings_left = std::atol(all.substr(wanted.size() + 1).c_str());
    // A step that is not there would count as one that was survived.
    if (step < 0) std::fprintf(stderr, "OUTBOX_KILL_AT: there is no step %s\n", wanted.c_str());
    if (step < 0) std::_Exit(99);
  }
};

}  // namespace

void reach(Step step) {
  static KillAt kill_at;
  if (static_cast<int>(step) != kill_at.step) return;
  if (--kill_at.passings_left == 0) ::kill(::getpid(), SIGKILL);
}

}  // namespace outbox

#endif

#include "base/mutant.h"

#ifdef OUTBOX_MUTANTS

#include <cstdio>
#include <cstdlib>
#include <set>
#include <sstream>
#include <string>

namespace outbox {
namespace {

std::set<Mutant> chosen() {
  static const std::pair<const char*, Mutant> kAll[] = {
#define OUTBOX_MUTANT(id, name, broken) {name, Mutant::id},
#include "base/mutants.inc"
#undef OUTBOX_MUTANT
  };
  std::set<Mutant> mutants;
  const char* const text = std::getenv("OUTBOX_MUTANT");
  std::istringstream names(text != nullptr ? text : "");
  for (std::string name; std::getline(names, name, ',');) {
    bool known = false;
    for (const auto& [spelled, which] : kAll) {
      if (name != spelled) continue;
      mutants.insert(which);
      known = true;
    }
    // A mutant that is not there would count as one that nothing catches.
    if (!known) std::fprintf(stderr, "OUTBOX_MUTANT: there is no mutant %s\n", name.c_str());
    if (!known) std::_Exit(99);
  }
  return mutants;
}

}  // namespace

bool mutant(Mutant which) {
  static const std::set<Mutant> mutants = chosen();
  return mutants.contains(which);
}

}  // namespace outbox

#endif

#pragma once

namespace outbox {

/// Promises that a test-only build can be told to break, to see that the tests notice: one row
/// each in mutants.inc. In every other build mutant() is a constant, and nothing of it is left.
enum class Mutant {
#define OUTBOX_MUTANT(id, name, broken) id,
#include "base/mutants.inc"
#undef OUTBOX_MUTANT
};

#ifdef OUTBOX_MUTANTS
/// Is it named in the environment's OUTBOX_MUTANT ("fsync_skipped,crc_unchecked")?
bool mutant(Mutant which);
#else
constexpr bool mutant(Mutant /*which*/) { return false; }
#endif

}  // namespace outbox

#pragma once

namespace outbox {

/// Named steps of a message's way, at which a test-only build (OUTBOX_MUTANTS) can be made to die:
/// one row each in steps.inc. In every other build reach() is empty, and nothing of it is left.
enum class Step {
#define OUTBOX_STEP(id, name) id,
#include "base/steps.inc"
#undef OUTBOX_STEP
};

#ifdef OUTBOX_MUTANTS
/// SIGKILLs the process at the nth passing of the step that OUTBOX_KILL_AT names ("synced:17").
void reach(Step step);
#else
constexpr void reach(Step /*step*/) {}
#endif

}  // namespace outbox

#pragma once

#include <string>

#include "outbox/status.h"

namespace outbox::cli {

/// The exit codes of outbox-relay. A contract: numbers are never given a new meaning.
enum ExitCode : int {
#define OUTBOX_EXIT_CODE(name, number, text) name = number,
#include "cli/exit_codes.inc"
#undef OUTBOX_EXIT_CODE
};

/// kSetup: an invalid argument is the command line's or the configuration's;
/// kWork: it is the input's.
enum class Phase { kSetup, kWork };

int exit_code(const Status& status, Phase phase);

/// Prints "outbox-relay: <message>" as one line on standard error (nothing when
/// ok) and answers exit_code().
int report(const Status& status, Phase phase);

/// The table, for --help.
std::string exit_code_help();

}  // namespace outbox::cli

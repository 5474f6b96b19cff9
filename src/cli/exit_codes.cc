#include "cli/exit_codes.h"

#include <algorithm>
#include <cstdio>

namespace outbox::cli {

int exit_code(const Status& status, Phase phase) {
  switch (status.code()) {
    case Code::kOk:
      return kExitOk;
    case Code::kInvalidArgument:
      return phase == Phase::kSetup ? kExitUsage : kExitInput;
    case Code::kUnsafeSetting:
      return kExitUsage;
    case Code::kTooLarge:
      return kExitInput;
    case Code::kFull:
    case Code::kDiskFull:
      return kExitFull;
    case Code::kIndeterminate:
      return kExitIndeterminate;
    case Code::kBusy:
      return kExitBusy;
    case Code::kCorruption:
    case Code::kUnknownVersion:
      return kExitCorruption;
    case Code::kNotFound:
      return kExitNotFound;
    case Code::kTimeout:
      return kExitTimeout;
    case Code::kPoisoned:
    case Code::kIoError:
    case Code::kClosed:
    case Code::kKafka:
      return kExitFailed;
  }
  return kExitFailed;
}

int report(const Status& status, Phase phase) {
  if (status.ok()) return kExitOk;
  std::string line =
      status.message().empty() ? std::string(code_text(status.code())) : status.message();
  // Third-party messages may hold line breaks; scripts read one line.
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::fprintf(stderr, "outbox-relay: %s\n", line.c_str());
  return exit_code(status, phase);
}

std::string exit_code_help() {
  std::string text = "Exit codes:\n";
#define OUTBOX_EXIT_CODE(name, number, meaning) text += "  " #number "  " meaning "\n";
#include "cli/exit_codes.inc"
#undef OUTBOX_EXIT_CODE
  return text;
}

}  // namespace outbox::cli

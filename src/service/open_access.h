#pragma once

#include <memory>

#include "outbox/status.h"
#include "service/access.h"
#include "service/config.h"

namespace outbox::service {

/// What a command is going to do.
enum class Intent {
  kRead,   ///< needs no lock: another holder is no obstacle
  kWrite,  ///< waits for the holder up to open_deadline, then kBusy names it
  kSteer,  ///< concerns a running relay only; kNotFound where none runs
};

/// The right way to an outbox, so that a command is the same whoever holds it:
/// through the socket of a running relay, else directly. A directory without
/// an outbox is kNotFound, unless it may be created for kWrite.
Result<std::unique_ptr<Access>> open_access(const Config& config, Intent intent);

}  // namespace outbox::service

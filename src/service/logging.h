#pragma once

#include <string>

#include "base/log.h"

namespace outbox::service {

/// A logger that writes to standard error, one line an event. `level` is one
/// that load_config accepted.
Log stderr_logger(const std::string& level);

}  // namespace outbox::service

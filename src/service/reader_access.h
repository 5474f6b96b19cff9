#pragma once

#include <filesystem>
#include <memory>

#include "outbox/status.h"
#include "service/access.h"
#include "service/config.h"

namespace outbox::service {

/// Reading an outbox that another process may hold open. What would write
/// answers kBusy and names the holder. kNotFound: there is no outbox in the
/// directory. The state of each topic is "no relay" or "not known" then.
Result<std::unique_ptr<Access>> open_reader(const Config& config);

}  // namespace outbox::service

#pragma once

#include <spdlog/spdlog.h>

#include <memory>

namespace outbox {

/// Passed to whoever logs; never a global. Never null: null_logger() discards.
using Log = std::shared_ptr<spdlog::logger>;

Log null_logger();
/// `given`, or null_logger() when it is null.
Log logger_or_null(Log given);

}  // namespace outbox

#include "base/log.h"

#include <spdlog/sinks/null_sink.h>

namespace outbox {

Log null_logger() {
  return std::make_shared<spdlog::logger>("outbox",
                                          std::make_shared<spdlog::sinks::null_sink_mt>());
}

Log logger_or_null(Log given) { return given ? given : null_logger(); }

}  // namespace outbox

#include "service/logging.h"

#include <spdlog/sinks/stdout_sinks.h>

namespace outbox::service {

Log stderr_logger(const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>("outbox-relay",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(spdlog::level::from_str(level));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  // Whoever reads the log of a crashed relay wants its last line.
  logger->flush_on(spdlog::level::debug);
  return logger;
}

}  // namespace outbox::service

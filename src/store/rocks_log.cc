#include "store/rocks_log.h"

#include <rocksdb/env.h>

#include <array>
#include <cstdio>

namespace outbox::store {
namespace {

spdlog::level::level_enum to_spdlog(rocksdb::InfoLogLevel level) {
  switch (level) {
    case rocksdb::InfoLogLevel::DEBUG_LEVEL:
      return spdlog::level::trace;
    case rocksdb::InfoLogLevel::WARN_LEVEL:
      return spdlog::level::warn;
    case rocksdb::InfoLogLevel::ERROR_LEVEL:
    case rocksdb::InfoLogLevel::FATAL_LEVEL:
      return spdlog::level::err;
    default:
      return spdlog::level::debug;
  }
}

class RocksLog final : public rocksdb::Logger {
 public:
  explicit RocksLog(Log log) : rocksdb::Logger(rocksdb::INFO_LEVEL), log_(std::move(log)) {}

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    Logv(rocksdb::INFO_LEVEL, format, arguments);
  }
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    const auto to = to_spdlog(level);
    if (!log_->should_log(to)) return;
    std::array<char, 1024> line{};
    std::vsnprintf(line.data(), line.size(), format, arguments);
    log_->log(to, "rocksdb: {}", line.data());
  }

 private:
  const Log log_;
};

}  // namespace

std::shared_ptr<rocksdb::Logger> make_rocks_log(Log log) {
  return std::make_shared<RocksLog>(std::move(log));
}

}  // namespace outbox::store

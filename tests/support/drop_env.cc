#include "support/drop_env.h"

#include <rocksdb/system_clock.h>

#include <algorithm>
#include <utility>

namespace outbox::test {

namespace {

constexpr int kSleepMaxMicros = 1'000;

class HastyClock : public rocksdb::SystemClockWrapper {
 public:
  using SystemClockWrapper::SystemClockWrapper;
  const char* Name() const override { return "HastyClock"; }
  void SleepForMicroseconds(int micros) override {
    target_->SleepForMicroseconds(std::min(micros, kSleepMaxMicros));
  }
};

class DropEnv : public rocksdb::EnvWrapper {
 public:
  explicit DropEnv(std::unique_ptr<rocksdb::Env> env) : EnvWrapper(std::move(env)) {
    system_clock_ = std::make_shared<HastyClock>(rocksdb::SystemClock::Default());
  }
  const char* Name() const override { return "DropEnv"; }
  void SleepForMicroseconds(int micros) override { system_clock_->SleepForMicroseconds(micros); }
};

}  // namespace

std::unique_ptr<rocksdb::Env> make_drop_env(const std::shared_ptr<DropFs>& fs) {
  return std::make_unique<DropEnv>(rocksdb::NewCompositeEnv(fs));
}

}  // namespace outbox::test

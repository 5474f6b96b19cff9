#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "base/clock.h"
#include "store/store.h"
#include "support/drop_env.h"
#include "support/temp_dir.h"

namespace outbox::test {

/// Time stands still until the test moves it.
class ManualClock final : public Clock {
 public:
  std::int64_t mono_ms() const override { return now_ms; }
  std::int64_t wall_ms() const override { return now_ms; }
  std::atomic<std::int64_t> now_ms{1'000'000};
};

inline Message message(const std::string& topic, const std::string& value) {
  Message made;
  made.topic = topic;
  made.key = "k" + value;
  made.value = value;
  return made;
}

inline Message keyed(const std::string& topic, const std::string& idempotency_key) {
  Message made = message(topic, idempotency_key);
  made.idempotency_key = idempotency_key;
  return made;
}

/// Everything up to `through` was delivered by partition 0.
inline store::Progress settled(Seq through) {
  store::Progress progress;
  progress.head = through + 1;
  progress.through[0] = through;
  return progress;
}

inline std::unique_ptr<store::Store> open_store(const std::filesystem::path& dir,
                                                Options options = {},
                                                store::StoreSeams seams = {}) {
  auto store = store::Store::open(dir, std::move(options), seams);
  INFO(store.status().to_string());
  REQUIRE(store.ok());
  return std::move(*store);
}

/// A disk that can lose what was not synced, fail and be full; without real
/// fsyncs, so it is fast.
struct Disk {
  Disk() {
    std::filesystem::create_directory(path);
    fs = DropFs::create(path);
    env = make_drop_env(fs);
  }
  std::unique_ptr<store::Store> open(Options options = {}, const Clock* clock = nullptr) const {
    return open_store(path, std::move(options), {env.get(), clock});
  }

  const TempDir dir;
  const std::filesystem::path path = dir.path() / "outbox";
  std::shared_ptr<DropFs> fs;
  std::unique_ptr<rocksdb::Env> env;
};

/// The lane's id; the topic must have entries.
inline store::LaneId lane_id(const store::Store& store, const std::string& topic) {
  for (const store::LaneInfo& lane : store.lanes()) {
    if (lane.topic == topic) return lane.id;
  }
  FAIL("no lane for " << topic);
  return 0;
}

}  // namespace outbox::test

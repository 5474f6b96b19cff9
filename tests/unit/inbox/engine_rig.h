#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "inbox/engine.h"
#include "support/wait.h"
#include "unit/inbox/fake_consumer.h"
#include "unit/inbox/inbox_store.h"

namespace outbox::inbox::test {

using namespace std::chrono_literals;
using outbox::test::wait_until;

inline constexpr auto kSoon = 10s;

/// An inbox on a Kafka that the test plays. Its handler adds each value to the sum of its key.
class Rig {
 public:
  explicit Rig(const std::string& dir_name = "inbox") : store_dir(dir_.path() / dir_name) {
    options.bootstrap_servers = "nowhere";
    options.group = "g";
    options.topics = {"t"};
    options.workers = 4;
    options.commit_interval_ms = 10ms;
    options.retry_backoff_min_ms = 1ms;
    options.retry_backoff_max_ms = 5ms;
    options.attempts_max = 3;
    options.stop_deadline_ms = 5s;
    options.on_event = [this](const InboxEvent& event) {
      const std::lock_guard lock(events_mutex_);
      events_.push_back(event);
    };
  }
  ~Rig() { engine.reset(); }

  void start() {
    EngineParts parts;
    parts.consumer = std::make_unique<FakeConsumer>(kafka);
    if (!plain) parts.store = open_store(store_dir);
    parts.dead_letter_producers = std::move(dead_letter_producers);
    parts.clock = &clock_;
    parts.log = null_logger();
    engine = std::make_unique<Engine>(
        std::move(parts), options,
        [this](const Received& received, rocksdb::WriteBatch& batch, const InboxState& state) {
          ++calls;
          if (before) {
            if (Status status = before(received); !status.ok()) {
              return status;
            }
          }
          return add(received, batch, state);
        });
    REQUIRE(engine->start().ok());
  }

  static std::int64_t sum_of(const InboxState& state, const std::string& key) {
    std::string value;
    const auto got = state.db()->Get(rocksdb::ReadOptions(), state.family("state"), key, &value);
    return got.ok() ? std::stoll(value) : 0;
  }
  std::int64_t sum(const std::string& key) { return sum_of(*engine, key); }
  bool processed(std::uint64_t count) {
    return wait_until([&] { return engine->stats().processed >= count; }, kSoon);
  }
  std::vector<InboxEvent> events() {
    const std::lock_guard lock(events_mutex_);
    return events_;
  }
  bool told(InboxEvent::Kind kind) {
    const auto all = events();
    return std::any_of(all.begin(), all.end(),
                       [&](const InboxEvent& event) { return event.kind == kind; });
  }

 private:
  Status add(const Received& received, rocksdb::WriteBatch& batch, const InboxState& state) {
    if (plain) return {};
    const std::string& key = *received.message.key;
    const std::int64_t sum = sum_of(state, key) + std::stoll(*received.message.value);
    batch.Put(state.family("state"), key, std::to_string(sum));
    return {};
  }

  outbox::test::TempDir dir_;
  SystemClock clock_;
  std::mutex events_mutex_;
  std::vector<InboxEvent> events_;

 public:
  FakeKafka kafka;
  InboxOptions options;
  bool plain = false;
  std::function<Status(const Received&)> before;
  std::unique_ptr<kafka::ProducerFactory> dead_letter_producers;
  std::filesystem::path store_dir;
  std::atomic<std::uint64_t> calls = 0;
  std::unique_ptr<Engine> engine;
};

inline const kafka::TopicPartition kZero{"t", 0};
inline const kafka::TopicPartition kOne{"t", 1};

/// Messages "1" of `count` keys in turn.
inline void append(Rig& rig, const kafka::TopicPartition& where, int count, int keys) {
  for (int i = 0; i < count; ++i) {
    rig.kafka.append(where, "k" + std::to_string(i % keys), "1");
  }
}

/// A door that handlers wait at.
class Door {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    --waiting_;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  bool someone_waits() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kSoon, [this] { return waiting_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int waiting_ = 0;
};

}  // namespace outbox::inbox::test

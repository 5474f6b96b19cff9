#pragma once

#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "outbox/outbox.h"
#include "relay/driver.h"
#include "support/temp_dir.h"

namespace outbox::relay::test {

using namespace std::chrono_literals;

/// What the test decides and what it sees; shared with the relay thread.
struct Stage {
  std::mutex mutex;
  // What produce() answers; the n-th call (from 0).
  std::function<std::int32_t(std::size_t)> take = [](std::size_t) { return 0; };
  // What is reported of the n-th message that was taken.
  std::function<kafka::Report(std::size_t)> report;
  std::int32_t fatal_cause = 0;        // of each producer
  std::vector<std::string> values;     // as taken
  std::vector<kafka::Notice> notices;  // given with the next poll
  std::size_t produce_calls = 0;
  std::size_t producers = 0;
  std::atomic<bool> connected = true;  // what the observer sees
  kafka::Findings findings;            // and what its preflight found
  int wake_fd = -1;                    // of the newest producer
  std::int64_t next_offset = 0;

  void notify(kafka::Notice notice) {
    const std::lock_guard lock(mutex);
    notices.push_back(std::move(notice));
    wake(wake_fd);
  }
  bool told_all() {
    const std::lock_guard lock(mutex);
    return notices.empty();
  }
  static void wake(int fd) {
    const std::uint64_t one = 1;
    OUTBOX_CHECK(write(fd, &one, sizeof one) == sizeof one);  // Catch2 is for one thread
  }
  std::vector<std::string> taken() {
    const std::lock_guard lock(mutex);
    return values;
  }
};

class StagedProducer final : public kafka::ProducerApi {
 public:
  StagedProducer(Stage& stage, int wake_fd) : stage_(stage), wake_fd_(wake_fd) {}

  kafka::TopicHandle topic(const std::string& /*name*/, std::int32_t& error) override {
    error = 0;
    return this;
  }
  std::int32_t produce(const kafka::OutMessage& message) override {
    const std::lock_guard lock(stage_.mutex);
    const std::int32_t error = stage_.take(stage_.produce_calls++);
    Stage::wake(wake_fd_);
    if (error != 0) return error;
    kafka::Report report{0, 0, message.partition, stage_.next_offset, false};
    if (stage_.report) report = stage_.report(stage_.values.size());
    report.partition = message.partition;
    report.opaque = message.opaque;
    if (report.error == 0 && report.offset >= 0) report.offset = stage_.next_offset++;
    stage_.values.emplace_back(message.value.value_or(""));
    waiting_.push_back(report);
    return 0;
  }
  std::int32_t fatal_cause() const override {
    const std::lock_guard lock(stage_.mutex);
    return stage_.fatal_cause;
  }
  bool poll(kafka::Polled& into, std::size_t /*events_max*/) override {
    into.reports = std::exchange(waiting_, {});
    const std::lock_guard lock(stage_.mutex);
    into.notices = std::exchange(stage_.notices, {});
    return false;
  }
  void purge() override {}
  std::size_t unreported() const override { return waiting_.size(); }

 private:
  Stage& stage_;
  const int wake_fd_;
  std::vector<kafka::Report> waiting_;
};

class StagedFactory final : public kafka::ProducerFactory {
 public:
  explicit StagedFactory(Stage& stage) : stage_(stage) {}
  Result<std::unique_ptr<kafka::ProducerApi>> make(const Request& /*request*/,
                                                   int wake_fd) override {
    const std::lock_guard lock(stage_.mutex);
    ++stage_.producers;
    stage_.wake_fd = wake_fd;
    return std::unique_ptr<kafka::ProducerApi>(std::make_unique<StagedProducer>(stage_, wake_fd));
  }
  bool unmake(std::unique_ptr<kafka::ProducerApi> /*producer*/,
              std::chrono::milliseconds /*limit*/) override {
    return true;
  }

 private:
  Stage& stage_;
};

/// Every watched topic has one partition, led by broker 1.
class StagedObserver final : public kafka::ObserverApi {
 public:
  StagedObserver(Stage& stage, std::function<void()> on_news)
      : stage_(stage), on_news_(std::move(on_news)) {}
  void watch(std::vector<std::string> topics) override {
    topics_ = std::move(topics);
    refresh_soon();
  }
  void refresh_soon() override {
    news_ = true;
    on_news_();
  }
  bool take(kafka::Observed& into) override {
    if (!news_) return false;
    news_ = false;
    into = {stage_.connected, {}, {}};
    if (!stage_.connected) return true;
    const std::lock_guard lock(stage_.mutex);
    for (const auto& topic : topics_) into.topics.push_back({topic, 0, {1}, 0, stage_.findings});
    return true;
  }

 private:
  Stage& stage_;
  const std::function<void()> on_news_;
  std::vector<std::string> topics_;  // relay thread only, as all of this
  bool news_ = false;
};

/// The real time, and as much more as the test says.
class JumpingClock final : public Clock {
 public:
  std::int64_t wall_ms() const override { return real_.wall_ms() + ahead_ms; }
  std::int64_t mono_ms() const override { return real_.mono_ms() + ahead_ms; }
  std::atomic<std::int64_t> ahead_ms = 0;

 private:
  SystemClock real_;
};

class Rig {
 public:
  Rig() {
    auto outbox = Outbox::open(dir_.path() / "outbox", Options());
    REQUIRE(outbox.ok());
    outbox_ = std::move(outbox).value();
  }
  ~Rig() {
    driver_.reset();
    outbox_.reset();
  }

  void append(int count) {
    std::vector<Message> batch(static_cast<std::size_t>(count));
    for (Message& message : batch) {
      message.topic = "t";
      message.value = std::to_string(appended_++);
    }
    REQUIRE(outbox_->append_batch(batch).ok());
  }
  Driver& start(std::size_t in_flight_entries_max = RelayOptions().in_flight_entries_max) {
    DriverParts parts;
    parts.store = &outbox_->store();
    parts.clock = &clock;
    parts.log = log;
    parts.factory = std::make_unique<StagedFactory>(stage);
    parts.make_observer = [this](std::function<void()> on_news) {
      return Result<std::unique_ptr<kafka::ObserverApi>>(
          std::make_unique<StagedObserver>(stage, std::move(on_news)));
    };
    RelayOptions options;
    options.bootstrap_servers = "nowhere";
    options.in_flight_entries_max = in_flight_entries_max;
    options.stall_backoff_min_ms = 1ms;
    options.stall_backoff_max_ms = 10ms;
    options.preflight = preflight;
    driver_ = std::make_unique<Driver>(std::move(parts), options);
    REQUIRE(driver_->start().ok());
    return *driver_;
  }
  store::Store& store() { return outbox_->store(); }
  Ledger ledger() { return outbox_->stats()->ledger; }

  Stage stage;
  Log log = null_logger();
  JumpingClock clock;
  Preflight preflight = Preflight::kWarn;

 private:
  outbox::test::TempDir dir_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<Driver> driver_;
  int appended_ = 0;
};

}  // namespace outbox::relay::test

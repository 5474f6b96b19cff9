#include "relay/driver.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "outbox/outbox.h"
#include "support/temp_dir.h"
#include "support/wait.h"

namespace outbox::relay {
namespace {

using namespace std::chrono_literals;
constexpr auto kPatience = 20s;

// What the test decides and what it sees; shared with the relay thread.
struct Stage {
  std::mutex mutex;
  // What produce() answers; the n-th call (from 0).
  std::function<std::int32_t(std::size_t)> take = [](std::size_t) { return 0; };
  // What is reported of the n-th message that was taken.
  std::function<kafka::Report(std::size_t)> report;
  std::vector<std::string> values;  // as taken
  std::size_t produce_calls = 0;
  std::size_t producers = 0;
  std::int64_t next_offset = 0;

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
    wake();
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
  bool poll(kafka::Polled& into, std::size_t /*events_max*/) override {
    into.reports = std::exchange(waiting_, {});
    return false;
  }
  void purge() override {}
  std::size_t unreported() const override { return waiting_.size(); }

 private:
  void wake() const {
    const std::uint64_t one = 1;
    REQUIRE(write(wake_fd_, &one, sizeof one) == sizeof one);
  }

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
    return std::unique_ptr<kafka::ProducerApi>(std::make_unique<StagedProducer>(stage_, wake_fd));
  }
  bool unmake(std::unique_ptr<kafka::ProducerApi> /*producer*/,
              std::chrono::milliseconds /*limit*/) override {
    return true;
  }

 private:
  Stage& stage_;
};

// Every watched topic has one partition, led by broker 1.
class StagedObserver final : public kafka::ObserverApi {
 public:
  explicit StagedObserver(std::function<void()> on_news) : on_news_(std::move(on_news)) {}
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
    into = {true, {}, {}};
    for (const auto& topic : topics_) into.topics.push_back({topic, 0, {1}, 0});
    return true;
  }

 private:
  const std::function<void()> on_news_;
  std::vector<std::string> topics_;  // relay thread only, as all of this
  bool news_ = false;
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
    parts.clock = &clock_;
    parts.log = null_logger();
    parts.factory = std::make_unique<StagedFactory>(stage);
    parts.make_observer = [](std::function<void()> on_news) {
      return Result<std::unique_ptr<kafka::ObserverApi>>(
          std::make_unique<StagedObserver>(std::move(on_news)));
    };
    RelayOptions options;
    options.bootstrap_servers = "nowhere";
    options.in_flight_entries_max = in_flight_entries_max;
    options.stall_backoff_min_ms = 1ms;
    options.stall_backoff_max_ms = 10ms;
    driver_ = std::make_unique<Driver>(std::move(parts), options);
    REQUIRE(driver_->start().ok());
    return *driver_;
  }
  Ledger ledger() { return outbox_->stats()->ledger; }

  Stage stage;

 private:
  test::TempDir dir_;
  SystemClock clock_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<Driver> driver_;
  int appended_ = 0;
};

// The first time each value was handed out, the values came in order.
void check_first_in_order(const std::vector<std::string>& values, std::size_t count) {
  std::size_t next = 0;
  for (const auto& value : values) next += value == std::to_string(next) ? 1U : 0U;
  CHECK(next == count);
}

TEST_CASE("what was appended before and after the start is handed out once and in order") {
  Rig rig;
  rig.append(50);
  Driver& driver = rig.start();
  rig.append(50);
  REQUIRE(driver.drain(kPatience).ok());
  CHECK(rig.stage.taken().size() == 100);
  check_first_in_order(rig.stage.taken(), 100);
  CHECK(rig.ledger().delivered == 100);
  CHECK(rig.ledger().balanced());
}

TEST_CASE("a success without an offset is no delivery: the producer is rebuilt, it is sent again") {
  Rig rig;
  rig.append(20);
  rig.stage.report = [](std::size_t n) {
    return kafka::Report{0, 0, -1, n == 5 ? -1001 : 0, false};
  };
  Driver& driver = rig.start();
  REQUIRE(driver.drain(kPatience).ok());
  const auto taken = rig.stage.taken();
  CHECK(taken.size() > 20);
  CHECK(std::count(taken.begin(), taken.end(), "5") >= 2);
  CHECK(rig.ledger().delivered == 20);
  CHECK(rig.stage.producers == 2);
  CHECK(driver.stats().rebuilds.size() == 1);
}

TEST_CASE("behind a message that librdkafka refuses none of its partition is handed out") {
  Rig rig;
  rig.append(30);
  constexpr std::int32_t kQueueFull = -184;
  rig.stage.take = [](std::size_t call) { return call == 7 ? kQueueFull : 0; };
  Driver& driver = rig.start();
  REQUIRE(driver.drain(kPatience).ok());
  const auto taken = rig.stage.taken();
  REQUIRE(taken.size() == 30);
  for (std::size_t i = 0; i < taken.size(); ++i) CHECK(taken[i] == std::to_string(i));
}

TEST_CASE("however small the window, deliveries are recorded in time to go on") {
  const std::size_t window = GENERATE(1U, 3U, 10U);
  Rig rig;
  rig.append(200);
  // Far less than the 200 s that progress recorded once a second would take.
  REQUIRE(rig.start(window).drain(kPatience).ok());
  CHECK(rig.stage.taken().size() == 200);
}

TEST_CASE("a stop tells the store how far it came; calls after it are answered, not lost") {
  Rig rig;
  rig.append(10);
  Driver& driver = rig.start();
  REQUIRE(driver.drain(kPatience).ok());
  CHECK(driver.stop(kPatience).ok());
  CHECK(driver.stop(kPatience).ok());
  CHECK(driver.drain(1ms).code() == Code::kClosed);
  CHECK(driver.purge("t", 0, "test").status().code() == Code::kClosed);
  CHECK(driver.accept("t").code() == Code::kClosed);
  CHECK(rig.ledger().pending == 0);
}

TEST_CASE("callers are told of topics that nobody knows and of lanes that are not halted") {
  Rig rig;
  rig.append(1);
  Driver& driver = rig.start();
  REQUIRE(driver.drain(kPatience).ok());
  CHECK(driver.accept("nothing").code() == Code::kNotFound);
  CHECK(driver.accept("t").code() == Code::kInvalidArgument);
  CHECK(driver.purge("nothing", 0, "test").status().code() == Code::kNotFound);
  const Status drained = [&] {
    driver.pause("t");
    rig.append(3);
    return driver.drain(50ms);
  }();
  CHECK(drained.code() == Code::kTimeout);
  CHECK(drained.message().find("t (3 entries, paused") != std::string::npos);
}

}  // namespace
}  // namespace outbox::relay

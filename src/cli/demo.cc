#include "cli/demo.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <system_error>

#include "base/clock.h"
#include "cli/child_process.h"
#include "cli/demo_brokers.h"
#include "cli/demo_check.h"
#include "cli/demo_child.h"
#include "cli/demo_reader.h"
#include "cli/demo_screen.h"
#include "store/store.h"

namespace outbox::cli {
namespace {

using std::chrono::milliseconds;
namespace fs = std::filesystem;

constexpr int kWriters = 4;
constexpr int kPartitions = 6;
constexpr milliseconds kFlow{4'000};
constexpr milliseconds kOutage{4'000};
constexpr milliseconds kBacklogBeforeKill{2'500};
/// A phase that takes longer than this has failed.
constexpr std::int64_t kPhaseMaxMs = 180'000;
constexpr std::uint64_t kDrainedBacklog = 500;

/// A directory that goes with the demo.
class TemporaryDir {
 public:
  TemporaryDir() {
    std::string name = (fs::temp_directory_path() / "outbox-demo-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TemporaryDir() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  TemporaryDir(const TemporaryDir&) = delete;
  TemporaryDir& operator=(const TemporaryDir&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// The show: one method a phase.
class Demo {
 public:
  Demo(DemoBrokers& brokers, std::string topic, fs::path dir)
      : brokers_(brokers), topic_(std::move(topic)), dir_(std::move(dir)), check_(kWriters) {
    progress_.durable.assign(kWriters, 0);
  }

  Status run() {
    auto reader = DemoReader::open(brokers_.bootstrap_servers(), topic_, kPartitions, check_);
    if (!reader.ok()) return reader.status();
    for (const auto phase : {&Demo::flow, &Demo::outage, &Demo::kill_with_backlog, &Demo::finish}) {
      if (Status status = (this->*phase)(); !status.ok()) return status;
    }
    return judge();
  }

 private:
  Status start_child() {
    std::vector<std::string> arguments{"demo-child",
                                       "--dir",
                                       dir_.string(),
                                       "--bootstrap-servers",
                                       brokers_.bootstrap_servers(),
                                       "--topic",
                                       topic_,
                                       "--max-in-flight",
                                       std::to_string(brokers_.max_in_flight_requests())};
    for (const std::uint64_t number : progress_.durable) {
      arguments.insert(arguments.end(), {"--start-at", std::to_string(number)});
    }
    auto child = ChildProcess::start_self(arguments);
    if (!child.ok()) return child.status();
    child_ = std::move(*child);
    return {};
  }

  /// Shows the child's reports until `done`; kTimeout after kPhaseMaxMs.
  Status watch(const std::function<bool(std::int64_t elapsed_ms)>& done) {
    const SystemClock clock;
    const std::int64_t start_ms = clock.mono_ms();
    for (std::int64_t elapsed_ms = 0; !done(elapsed_ms); elapsed_ms = clock.mono_ms() - start_ms) {
      if (elapsed_ms > kPhaseMaxMs) return {Code::kTimeout, "the demo's relay made no progress"};
      const auto line = child_->read_line(milliseconds{100});
      if (!line && child_->ended()) {
        return {Code::kClosed,
                "the demo's child ended early, with exit code " + std::to_string(child_->wait())};
      }
      if (!line) continue;
      if (auto progress = DemoProgress::parse(*line)) progress_ = std::move(*progress);
      screen_.live(progress_, check_.verdict(progress_.durable));
    }
    return {};
  }
  Status watch_for(milliseconds duration) {
    return watch([duration](std::int64_t elapsed_ms) { return elapsed_ms >= duration.count(); });
  }

  Status go_down() {
    if (brokers_.can_go_down()) return brokers_.go_down();
    child_->write_line("pause");
    return {};
  }
  Status come_up() {
    if (brokers_.can_go_down()) return brokers_.come_up();
    child_->write_line("resume");
    return {};
  }
  std::string down_text() const {
    return brokers_.can_go_down() ? "The brokers go down"
                                  : "The relay is held back (your brokers are not touched)";
  }

  Status flow() {
    screen_.step("Kafka: " + brokers_.describe() + ", topic " + topic_ +
                 "\nOutbox: " + dir_.string() + "\n\n1. " + std::to_string(kWriters) +
                 " threads append, the relay drains, in a child process");
    if (Status status = start_child(); !status.ok()) return status;
    return watch_for(kFlow);
  }

  Status outage() {
    screen_.step("2. " + down_text() + ": appends go on, the backlog grows on disk");
    if (Status status = go_down(); !status.ok()) return status;
    if (Status status = watch_for(kOutage); !status.ok()) return status;
    screen_.step("3. Back again: the backlog drains");
    if (Status status = come_up(); !status.ok()) return status;
    return watch([this](std::int64_t elapsed_ms) {
      return elapsed_ms >= 1'000 && progress_.pending < kDrainedBacklog;
    });
  }

  Status kill_with_backlog() {
    screen_.step("4. " + down_text() + " again, and the child is killed (SIGKILL) with a backlog");
    if (Status status = go_down(); !status.ok()) return status;
    if (Status status = watch_for(kBacklogBeforeKill); !status.ok()) return status;
    const std::uint64_t backlog = progress_.pending;
    child_->kill_hard();
    child_->wait();
    if (backlog == 0) return {Code::kTimeout, "there was no backlog to kill the child with"};
    if (brokers_.can_go_down()) {
      if (Status status = brokers_.come_up(); !status.ok()) return status;
    }
    repeated_ += progress_.repeated;
    screen_.step("5. Started again on the same directory, with " + std::to_string(backlog) +
                 " entries that had been pending");
    if (Status status = start_child(); !status.ok()) return status;
    return watch([this](std::int64_t elapsed_ms) {
      return elapsed_ms >= 2'000 && progress_.pending < kDrainedBacklog;
    });
  }

  Status finish() {
    screen_.step("6. The writers stop, the rest drains");
    child_->write_line("finish");
    if (Status status = watch([this](std::int64_t) { return progress_.drained; }); !status.ok()) {
      return status;
    }
    repeated_ += progress_.repeated;
    if (const int code = child_->wait(); code != 0) {
      return {Code::kClosed, "the demo's child ended with exit code " + std::to_string(code)};
    }
    const SystemClock clock;
    const std::int64_t deadline_ms = clock.mono_ms() + kPhaseMaxMs / 6;
    while (!check_.verdict(progress_.durable).perfect() && clock.mono_ms() < deadline_ms) {
      usleep(50'000);
      screen_.live(progress_, check_.verdict(progress_.durable));
    }
    return {};
  }

  Status judge() {
    auto reader = store::Reader::open(dir_, Options{});
    if (!reader.ok()) return reader.status();
    const auto stats = (*reader)->stats();
    if (!stats.ok()) return stats.status();
    const auto verdict = check_.verdict(progress_.durable);
    screen_.ledger(stats->ledger);
    screen_.verdict(verdict, repeated_);
    if (!stats->ledger.balanced() || stats->ledger.delivered != verdict.expected) {
      return {Code::kCorruption, "the ledger does not match what was appended"};
    }
    if (!verdict.perfect()) return {Code::kCorruption, "not every message arrived as written"};
    return {};
  }

  DemoBrokers& brokers_;
  const std::string topic_;
  const fs::path dir_;
  DemoCheck check_;
  DemoScreen screen_;
  DemoProgress progress_;
  std::uint64_t repeated_ = 0;
  std::unique_ptr<ChildProcess> child_;
};

}  // namespace

Status run_demo(const DemoOptions& options) {
  const TemporaryDir dir;
  if (dir.path().empty()) return {Code::kIoError, "cannot make a temporary directory"};
  const std::string topic = "outbox-demo-" + std::to_string(SystemClock().wall_ms());
  auto brokers = options.bootstrap_servers.empty()
                     ? mock_brokers(topic, kPartitions)
                     : real_brokers(options.bootstrap_servers, topic, kPartitions,
                                    options.broker_down_command, options.broker_up_command);
  if (!brokers.ok()) return brokers.status();
  return Demo(**brokers, topic, dir.path()).run();
}

}  // namespace outbox::cli

#include "cli/demo_child.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <thread>

#include "cli/demo_check.h"
#include "outbox/outbox.h"
#include "outbox/relay.h"

namespace outbox::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kReportEvery{100};
constexpr milliseconds kDrainTimeout{120'000};
/// A burst and a pause: about 2,000 messages a second and writer.
constexpr int kBurst = 20;
constexpr milliseconds kBurstPause{10};

/// The writers' shared state.
struct Writers {
  explicit Writers(std::size_t count) : durable(count) {}
  std::vector<std::atomic<std::uint64_t>> durable;
  std::atomic<std::uint64_t> repeated{0};
  std::mutex mutex;
  std::condition_variable stopping;
  bool stop = false;
  Status failure;

  /// False: stop now.
  bool pause() {
    std::unique_lock lock(mutex);
    return !stopping.wait_for(lock, kBurstPause, [this] { return stop; });
  }
  bool stopped() {
    const std::lock_guard lock(mutex);
    return stop;
  }
  void finish(const Status& status) {
    const std::lock_guard lock(mutex);
    stop = true;
    if (failure.ok()) failure = status;
    stopping.notify_all();
  }
};

void write(Outbox& outbox, const std::string& topic, int writer, Writers& writers) {
  auto& durable = writers.durable[static_cast<std::size_t>(writer)];
  while (writers.pause()) {
    for (int i = 0; i < kBurst; ++i) {
      const std::uint64_t number = durable;
      Message message;
      message.topic = topic;
      message.key = DemoCheck::key_of(writer);
      message.value = DemoCheck::value_of(writer, number);
      message.idempotency_key = *message.key + "/" + std::to_string(number);
      const auto appended = outbox.append(message);
      if (!appended.ok()) return writers.finish(appended.status());
      if (appended->repeated) ++writers.repeated;
      durable = number + 1;
    }
  }
}

void report(const Outbox& outbox, const Writers& writers, bool drained) {
  const auto stats = outbox.stats();
  if (!stats.ok()) return;
  DemoProgress progress;
  progress.delivered = stats->ledger.delivered;
  progress.pending = stats->ledger.pending;
  progress.disk_bytes = stats->disk_bytes;
  progress.repeated = writers.repeated;
  for (const auto& durable : writers.durable) progress.durable.push_back(durable);
  progress.drained = drained;
  std::puts(progress.to_line().c_str());
  std::fflush(stdout);
}

/// Commands from the parent, without a thread that would sit in a read.
class Commands {
 public:
  /// The next line of standard input, or "" when none came within `wait`.
  /// The end of the input (the parent is gone) reads as "finish".
  std::string next(milliseconds wait) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (buffer_.find('\n') == std::string::npos) {
      if (poll(&input, 1, static_cast<int>(wait.count())) <= 0) return "";
      std::array<char, 256> bytes{};
      const auto count = ::read(STDIN_FILENO, bytes.data(), bytes.size());
      if (count <= 0) return "finish";
      buffer_.append(bytes.data(), static_cast<std::size_t>(count));
    }
    const auto end = buffer_.find('\n');
    if (end == std::string::npos) return "";
    const std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    return line;
  }

 private:
  std::string buffer_;
};

/// Reports and obeys until "finish", or until a writer failed.
void obey(const Outbox& outbox, Relay& relay, Writers& writers) {
  Commands commands;
  while (!writers.stopped()) {
    report(outbox, writers, false);
    const std::string command = commands.next(kReportEvery);
    if (command == "pause") relay.pause("");
    if (command == "resume") relay.resume("");
    if (command == "finish") writers.finish({});
  }
}

}  // namespace

std::string DemoProgress::to_line() const {
  std::string line = "progress";
  for (const std::uint64_t number :
       {delivered, pending, disk_bytes, repeated, std::uint64_t{drained}}) {
    line += " " + std::to_string(number);
  }
  for (const std::uint64_t number : durable) line += " " + std::to_string(number);
  return line;
}

std::optional<DemoProgress> DemoProgress::parse(std::string_view line) {
  constexpr std::string_view kWord = "progress";
  constexpr std::size_t kFixed = 5;
  if (!line.starts_with(kWord)) return std::nullopt;
  std::vector<std::uint64_t> numbers;
  const char* at = line.data() + kWord.size();
  const char* const end = line.data() + line.size();
  while (at != end) {
    std::uint64_t number = 0;
    const auto [next, error] = std::from_chars(at + 1, end, number);
    if (*at != ' ' || error != std::errc()) return std::nullopt;
    numbers.push_back(number);
    at = next;
  }
  if (numbers.size() < kFixed) return std::nullopt;
  DemoProgress progress;
  progress.delivered = numbers[0];
  progress.pending = numbers[1];
  progress.disk_bytes = numbers[2];
  progress.repeated = numbers[3];
  progress.drained = numbers[4] != 0;
  progress.durable.assign(numbers.begin() + kFixed, numbers.end());
  return progress;
}

Status run_demo_child(const DemoChildOptions& options) {
  auto outbox = Outbox::open(options.dir, Options{});
  if (!outbox.ok()) return outbox.status();
  RelayOptions relay_options;
  relay_options.bootstrap_servers = options.bootstrap_servers;
  relay_options.max_in_flight_requests = options.max_in_flight_requests;
  auto relay = Relay::start(**outbox, relay_options);
  if (!relay.ok()) return relay.status();

  Writers writers(options.start_at.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < options.start_at.size(); ++i) {
    writers.durable[i] = options.start_at[i];
    threads.emplace_back(write, std::ref(**outbox), options.topic, static_cast<int>(i),
                         std::ref(writers));
  }
  obey(**outbox, **relay, writers);
  for (auto& thread : threads) thread.join();
  if (!writers.failure.ok()) return writers.failure;
  if (Status status = (*relay)->drain(kDrainTimeout); !status.ok()) return status;
  report(**outbox, writers, true);
  return (*relay)->stop(relay_options.stop_deadline_ms);
}

}  // namespace outbox::cli

// What does an outbox with its relay cost while there is nothing to do? Threads of ours are
// called outbox-*, librdkafka's rdk:*, RocksDB's rocksdb:*.

#include <arpa/inet.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <optional>
#include <thread>

#include "bench_topics.h"
#include "dir_flag.h"
#include "fresh_outbox.h"
#include "measure.h"
#include "own_process.h"
#include "process.h"
#include "report.h"

namespace outbox::bench {
namespace {

constexpr std::int32_t kPartitions = 6;
constexpr std::size_t kWindowsMax = 16;

struct Flags {
  std::string dir = "bench-idle";
  std::string bootstrap_servers;
  double settle_seconds = 15;
  double seconds = 20;
  int windows = 5;
  bool quick = false;
};

/// What one group of threads does in a second.
struct Use {
  double cpu_percent = 0;  ///< of one core
  double wakeups = 0;
};

struct Window {
  Use all;
  Use ours;
  Use kafka;
  Use rocksdb;
  double busiest_of_ours = 0;  ///< wake-ups a second
};
struct Windows {
  Window of[kWindowsMax];
};

Use operator+(const Use& a, const Use& b) {
  return {a.cpu_percent + b.cpu_percent, a.wakeups + b.wakeups};
}

/// Loopback, on which nothing listens: a connection is refused at once.
class ClosedPort {
 public:
  ClosedPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (bind(fd_, any, size) != 0 || getsockname(fd_, any, &size) != 0) die("no port is free");
    port_ = ntohs(address.sin_port);
  }
  ~ClosedPort() { close(fd_); }
  ClosedPort(const ClosedPort&) = delete;
  ClosedPort& operator=(const ClosedPort&) = delete;
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  const int fd_;
  int port_ = 0;
};

Window window(double seconds) {
  const auto before = threads();
  const StopWatch watch;
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  const double elapsed = watch.seconds();
  Window out;
  for (const auto& [id, after] : threads()) {
    const auto was = before.find(id);
    const ThreadUse then = was == before.end() ? ThreadUse{} : was->second;
    const Use use{(after.cpu_seconds - then.cpu_seconds) * 100 / elapsed,
                  static_cast<double>(after.wakeups - then.wakeups) / elapsed};
    out.all = out.all + use;
    if (after.name.starts_with("outbox-")) {
      out.ours = out.ours + use;
      out.busiest_of_ours = std::max(out.busiest_of_ours, use.wakeups);
    }
    if (after.name.starts_with("rdk:")) out.kafka = out.kafka + use;
    if (after.name.starts_with("rocksdb:")) out.rocksdb = out.rocksdb + use;
  }
  return out;
}

/// With `topic` the brokers are there, and one message went through to it.
Windows measure(const Flags& flags, const std::string& bootstrap, bool brokers, int pending) {
  RelayOptions options;
  options.bootstrap_servers = bootstrap;
  FreshOutbox outbox(flags.dir);
  std::optional<BenchTopics> topic;
  if (brokers) topic.emplace(options, "bench-idle", 1, kPartitions);
  const auto relay = value_of(Relay::start(*outbox, options));
  const Message message = message_of(topic ? topic->name() : "orders", "");
  for (int i = 0; i < pending; ++i) must(outbox->append(message));
  if (brokers) must(relay->drain(kDrainMax));
  std::this_thread::sleep_for(std::chrono::duration<double>(flags.settle_seconds));
  Windows windows{};
  for (int i = 0; i < flags.windows; ++i) windows.of[i] = window(flags.seconds);
  (void)relay->stop(std::chrono::seconds(1)).ok();
  return windows;
}

void run(const Flags& flags) {
  struct State {
    const char* brokers;
    std::string bootstrap;
    int appended;
    const char* pending;
  };
  const ClosedPort closed;
  const State states[] = {{"up", flags.bootstrap_servers, 1, "none"},
                          {"down", closed.address(), 0, "none"},
                          {"down", closed.address(), 1, "1"}};
  Report report("idle");
  for (const State& state : states) {
    const bool up = state.bootstrap == flags.bootstrap_servers;
    const Windows windows =
        in_child([&] { return measure(flags, state.bootstrap, up, state.appended); });
    const std::vector<Window> all(windows.of, windows.of + flags.windows);
    Row row;
    row.set("brokers", state.brokers)
        .set("pending", state.pending)
        .set("seconds", flags.seconds)
        .set("n", static_cast<std::uint64_t>(flags.windows));
    set_spread(row, "cpu_percent", column(all, [](const Window& w) { return w.all.cpu_percent; }));
    row.set("wakeups", median_of(all, [](const Window& w) { return w.all.wakeups; }));
    const auto set = [&](const std::string& name, Use Window::*of) {
      row.set(name + "_cpu", median_of(all, [of](const Window& w) { return (w.*of).cpu_percent; }))
          .set(name + "_wakeups",
               median_of(all, [of](const Window& w) { return (w.*of).wakeups; }));
    };
    set("outbox", &Window::ours);
    set("rdkafka", &Window::kafka);
    set("rocksdb", &Window::rocksdb);
    row.set("busiest_outbox_thread", median_of(all, &Window::busiest_of_ours));
    report.add(std::move(row));
  }
  report.print_table();
}

}  // namespace
}  // namespace outbox::bench

int main(int argc, char** argv) {
  outbox::bench::Flags flags;
  CLI::App app{"Processor time and wake-ups of an outbox and relay that have nothing to do"};
  app.add_option("--bootstrap-servers", flags.bootstrap_servers)->required();
  outbox::bench::add_dir_flag(app, flags.dir);
  app.add_option("--settle-seconds", flags.settle_seconds, "before the first window");
  app.add_option("--seconds", flags.seconds, "of one window");
  app.add_option("--windows", flags.windows, "medians are printed")
      ->check(CLI::Range(1, static_cast<int>(outbox::bench::kWindowsMax)));
  app.add_flag("--quick", flags.quick, "one short window each: does it still run?");
  CLI11_PARSE(app, argc, argv);
  if (flags.quick) {
    flags.settle_seconds = 0.5;
    flags.seconds = 1;
    flags.windows = 1;
  }
  outbox::bench::run(flags);
  return 0;
}

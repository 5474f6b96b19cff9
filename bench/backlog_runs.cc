#include "backlog_runs.h"

#include <chrono>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "fresh_outbox.h"
#include "kafka/observer.h"
#include "kafka/producer_factory.h"
#include "measure.h"
#include "relay/driver.h"
#include "report.h"
#include "watched_fs.h"

namespace outbox::bench {
namespace {

constexpr double kMega = 1e6;
constexpr double kMilli = 1e3;
constexpr std::chrono::milliseconds kLook{1};
constexpr double kPatienceSeconds = 600;
constexpr std::chrono::milliseconds kStopMax{10'000};
constexpr std::size_t kFirstReadEntries = 1'000;
constexpr std::size_t kFirstReadBytes = std::size_t{1} << 20;

/// Looks every millisecond; never true within ten minutes ends the program.
template <typename Condition>
void wait_until(Condition condition) {
  const StopWatch waiting;
  while (!condition()) {
    if (waiting.seconds() > kPatienceSeconds) die("nothing moves");
    std::this_thread::sleep_for(kLook);
  }
}

double peak_mb() { return static_cast<double>(memory().peak_bytes) / kMega; }

/// RocksDB locks its directory when the store opens it for writing, and not before.
class OpeningSteps : public FileEvents {
 public:
  explicit OpeningSteps(const StopWatch& watch) : watch_(watch) {}
  void locking(const std::string& /*path*/) override { looked_ms_ = watch_.seconds() * kMilli; }
  double looked_ms() const { return looked_ms_; }

 private:
  const StopWatch& watch_;
  double looked_ms_ = 0;
};

/// As Relay::start wires it, but to a store that was opened with a seam.
relay::DriverParts parts_of(store::Store& store, const Clock& clock, const RelayOptions& options) {
  relay::DriverParts parts;
  parts.store = &store;
  parts.clock = &clock;
  parts.log = null_logger();
  parts.factory = value_of(kafka::make_producer_factory(options));
  parts.make_observer = [options](std::function<void()> on_news) {
    return kafka::make_observer(options, std::move(on_news));
  };
  return parts;
}

}  // namespace

double append_backlog(const std::filesystem::path& dir, const Fill& what) {
  const auto store = value_of(store::Store::open(dir, Options{}));
  fill(*store, what);
  return peak_mb();
}

DrainRate drain_first(const std::filesystem::path& dir, const RelayOptions& options,
                      std::uint64_t count) {
  const auto outbox = value_of(Outbox::open(dir, Options{}));
  const double cpu = cpu_seconds();
  const StopWatch watch;
  const auto relay = value_of(Relay::start(*outbox, options));
  wait_until([&] { return relay->stats().delivered >= count; });
  const double seconds = watch.seconds();
  const auto messages = static_cast<double>(relay->stats().delivered);
  const DrainRate rate{messages / seconds, (cpu_seconds() - cpu) * kMega / messages, peak_mb(),
                       troubles_of(*relay).rebuilds};
  // What is in flight beyond the count is of no interest.
  (void)relay->stop(kStopMax).ok();
  return rate;
}

Restart restart(const std::filesystem::path& dir, const RelayOptions& options) {
  Restart out;
  const double cpu = cpu_seconds();
  const StopWatch watch;
  const auto now_ms = [&] { return watch.seconds() * kMilli; };
  OpeningSteps steps(watch);
  const auto env = make_watched_env(steps);
  const auto store = value_of(store::Store::open(dir, Options{}, {env.get(), nullptr}));
  out.looked_ms = steps.looked_ms();
  out.opened_ms = now_ms();
  out.open_cpu_ms = (cpu_seconds() - cpu) * kMilli;
  const store::LaneInfo lane = store->lanes().at(0);
  if (lane.progress.head > lane.tail) die("nothing is pending: --restart-mb is too small");
  // Once here and once more by the relay: what is measured is never too little.
  must(store->read(lane.id, lane.progress.head, kFirstReadEntries, kFirstReadBytes));
  out.read_ms = now_ms();
  const SystemClock clock;
  relay::Driver driver(parts_of(*store, clock, options), options);
  must(driver.start());
  wait_until([&] { return driver.stats().connected; });
  out.connected_ms = now_ms();
  wait_until([&] { return driver.stats().produced > 0; });
  out.handed_out_ms = now_ms();
  wait_until([&] { return driver.stats().delivered > 0; });
  out.reported_ms = now_ms();
  out.rss_mb = peak_mb();
  (void)driver.stop(kStopMax).ok();
  return out;
}

}  // namespace outbox::bench

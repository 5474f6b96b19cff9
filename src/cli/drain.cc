#include <CLI/CLI.hpp>
#include <chrono>
#include <functional>
#include <string>

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "cli/signals.h"
#include "outbox/outbox.h"
#include "outbox/relay.h"
#include "service/open_access.h"
#include "service/units.h"

namespace outbox::cli {
namespace {

using service::Scope;
using std::chrono::milliseconds;

constexpr milliseconds kStep{200};

struct DrainFlags {
  std::string timeout;
  bool quiet = false;
};

/// Waits, a step at a time, until `stats` shows nothing pending.
class Draining {
 public:
  Draining(StopSignal& stop, milliseconds timeout)
      : stop_(stop), timeout_(timeout), start_ms_(clock_.mono_ms()) {}

  Status wait(const std::function<Result<Stats>()>& stats) {
    while (true) {
      auto now = stats();
      if (!now.ok()) return now.status();
      ledger_ = now->ledger;
      if (ledger_.pending == 0) return {};
      if (first_pending_ == 0) first_pending_ = ledger_.pending;
      const std::uint64_t most = std::max(first_pending_, ledger_.pending);
      progress_.show("draining " + ProgressLine::bar(most - ledger_.pending, most) + ", " +
                     std::to_string(ledger_.pending) + " pending");
      if (timeout_.count() > 0 && clock_.mono_ms() - start_ms_ >= timeout_.count()) {
        return {Code::kTimeout, left(*now)};
      }
      if (stop_.wait_for(kStep)) return {Code::kTimeout, "stopped by a signal; " + left(*now)};
    }
  }
  const Ledger& ledger() const { return ledger_; }

 private:
  static std::string left(const Stats& stats) {
    std::string text = std::to_string(stats.ledger.pending) + " entries are still pending";
    for (const LaneStats& lane : stats.lanes) {
      if (lane.ledger.pending == 0) continue;
      return text + ", e.g. " + std::to_string(lane.ledger.pending) + " of " + lane.topic + " (" +
             lane.state + ")";
    }
    return text;
  }

  const SystemClock clock_;
  StopSignal& stop_;
  const milliseconds timeout_;
  const std::int64_t start_ms_;
  ProgressLine progress_;
  std::uint64_t first_pending_ = 0;
  Ledger ledger_;
};

/// A relay that runs already drains better than a second one could.
Status drain_through_relay(service::Access& relay, Draining& draining) {
  return draining.wait([&relay] { return relay.stats(); });
}

Status drain_directly(const service::Config& config, Draining& draining) {
  Options options = config.store;
  options.create_if_missing = false;
  auto outbox = Outbox::open(config.dir, options);
  if (!outbox.ok()) return outbox.status();
  auto relay = Relay::start(**outbox, config.relay);
  if (!relay.ok()) return relay.status();
  const Status drained = draining.wait([&outbox] { return (*outbox)->stats(); });
  const Status stopped = (*relay)->stop(config.relay.stop_deadline_ms);
  return drained.ok() ? stopped : drained;
}

int drain(const Settings& settings, const DrainFlags& flags) {
  const auto config = settings.load();
  if (!config.ok()) return report(config.status(), Phase::kSetup);
  milliseconds timeout{0};
  if (!flags.timeout.empty()) {
    const auto value = service::parse_duration(flags.timeout);
    if (!value.ok()) {
      return report({Code::kInvalidArgument, "--timeout: " + value.status().message()},
                    Phase::kSetup);
    }
    // 0 would mean for ever: the shortest is one look.
    timeout = std::max(*value, milliseconds{1});
  }
  StopSignal stop;
  Draining draining(stop, timeout);
  auto relay = service::open_access(*config, service::Intent::kSteer);
  const Status status =
      relay.ok() ? drain_through_relay(**relay, draining) : drain_directly(*config, draining);
  if (!status.ok()) return report(status, Phase::kSetup);
  if (flags.quiet) return kExitOk;
  const Ledger& ledger = draining.ledger();
  return report(print("drained: " + std::to_string(ledger.delivered) + " delivered, " +
                      std::to_string(ledger.dead) + " dead, 0 pending\n"),
                Phase::kWork);
}

constexpr const char* kExamples =
    "Examples:\n"
    "  outbox-relay drain --dir D --bootstrap-servers kafka1:9092\n"
    "  outbox-relay drain --dir D --bootstrap-servers B --timeout 60s || echo still pending\n"
    "Where a relay runs on the outbox already, drain waits for that one.";

}  // namespace

void add_drain(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("drain", "Relay until nothing is pending, then exit");
  command->footer(kExamples);
  auto flags = std::make_shared<DrainFlags>();
  command
      ->add_option("--timeout", flags->timeout, "Give up after this (exit code 5); default never")
      ->type_name("DURATION");
  command->add_flag("-q,--quiet", flags->quiet, "Print nothing");
  service::Config base;
  base.log_level = "warn";
  base.store.open_deadline_ms = std::chrono::seconds(30);
  const Settings settings(*command, {Scope::kCommon, Scope::kStore, Scope::kRelay}, base);
  command->callback([&context, settings, flags] {
    context.action = [settings, flags] { return drain(settings, *flags); };
  });
}

}  // namespace outbox::cli

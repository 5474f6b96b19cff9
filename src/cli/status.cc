#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "service/json_text.h"
#include "service/open_access.h"
#include "service/text.h"
#include "service/units.h"

namespace outbox::cli {
namespace {

using service::Scope;

std::string ledger_line(const Ledger& ledger) {
  return "ledger: appended " + std::to_string(ledger.appended) + " = delivered " +
         std::to_string(ledger.delivered) + " + pending " + std::to_string(ledger.pending) +
         " + dead " + std::to_string(ledger.dead) + " + requeued " +
         std::to_string(ledger.requeued) + " + purged " + std::to_string(ledger.purged) +
         (ledger.balanced() ? "  (balanced)" : "  (NOT BALANCED)") + "\n";
}

std::string for_people(const Stats& stats) {
  std::vector<std::vector<std::string>> rows{
      {"TOPIC", "APPENDED", "DELIVERED", "PENDING", "DEAD", "HEAD", "TAIL", "OLDEST", "STATE"}};
  for (const LaneStats& lane : stats.lanes) {
    const bool waits = lane.ledger.pending > 0;
    rows.push_back({lane.topic, std::to_string(lane.ledger.appended),
                    std::to_string(lane.ledger.delivered), std::to_string(lane.ledger.pending),
                    std::to_string(lane.ledger.dead), std::to_string(lane.head),
                    std::to_string(lane.tail), waits ? service::human_age(lane.oldest_age_ms) : "-",
                    service::printable(lane.state, 200)});
  }
  return "outbox " + stats.outbox_id + ", " + service::human_bytes(stats.disk_bytes) +
         " on disk\n" + table(rows) + ledger_line(stats.ledger);
}

int status(const Settings& settings, bool json) {
  const auto config = settings.load();
  if (!config.ok()) return report(config.status(), Phase::kSetup);
  auto access = service::open_access(*config, service::Intent::kRead);
  if (!access.ok()) return report(access.status(), Phase::kSetup);
  const auto stats = (*access)->stats();
  if (!stats.ok()) return report(stats.status(), Phase::kWork);
  return report(print(json ? service::stats_text(*stats) + "\n" : for_people(*stats)),
                Phase::kWork);
}

constexpr const char* kExamples =
    "Examples:\n"
    "  outbox-relay status --dir D\n"
    "  outbox-relay status --dir D --json | jq '.topics[] | select(.pending > 0)'\n"
    "Works whoever holds the outbox. PURGED and REQUEUED by topic: --json.";

}  // namespace

void add_status(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("status", "Show each topic's backlog and the ledger");
  command->footer(kExamples);
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "One JSON object");
  service::Config base;
  base.log_level = "error";
  const Settings settings(*command, {Scope::kCommon}, base);
  command->callback([&context, settings, json] {
    context.action = [settings, json] { return status(settings, *json); };
  });
}

}  // namespace outbox::cli

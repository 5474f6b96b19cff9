#include "salvage/salvage.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/settings.h"

namespace outbox::cli {
namespace {

using salvage::Fate;
using salvage::LaneReport;
using salvage::Range;
using salvage::Report;
using service::Scope;

constexpr std::size_t kRangesShownMax = 20;

struct SalvageFlags {
  std::string to;
  bool json = false;
};

std::string missing_of(const LaneReport& lane) {
  std::string text;
  std::size_t shown = 0;
  for (const Range& range : lane.ranges) {
    if (range.fate != Fate::kMissing) continue;
    if (++shown > kRangesShownMax) return text + "MISSING: more, see the report\n";
    text += "MISSING: " + lane.title() + ": entries " + std::to_string(range.from) + ".." +
            std::to_string(range.through) + "\n";
  }
  if (lane.dead_letters_missing > 0) {
    text += "MISSING: " + lane.title() + ": " + std::to_string(lane.dead_letters_missing) +
            " dead letters\n";
  }
  return text;
}

std::string for_people(const Report& report, const std::string& to) {
  std::vector<std::vector<std::string>> rows{
      {"TOPIC", "SETTLED", "RECOVERED", "MISSING", "DEAD LETTERS"}};
  std::string missing;
  std::string files;
  bool dead_letters = false;
  for (const LaneReport& lane : report.lanes) {
    rows.push_back({lane.title(), std::to_string(lane.count(Fate::kSettled)),
                    std::to_string(lane.count(Fate::kRecovered)),
                    std::to_string(lane.count(Fate::kMissing)),
                    std::to_string(lane.dead_letters.size())});
    missing += missing_of(lane);
    if (lane.topic.empty() && lane.count(Fate::kRecovered) > 0) {
      files +=
          "its topic is lost: " + to + "/" + lane.file + " (outbox-relay put --ndjson --topic T)\n";
    }
    dead_letters = dead_letters || !lane.dead_letters.empty();
  }
  std::string text = table(rows) + missing;
  for (const std::string& note : report.notes) text += "note: " + note + "\n";
  text += "new outbox: " + to + "/" + salvage::kOutbox + "\n" + files;
  if (dead_letters) text += "dead letters: " + to + "/" + salvage::kDeadLetters + "\n";
  return text + "report: " + to + "/" + salvage::kReport + "\n";
}

int salvage_outbox(const Settings& settings, const SalvageFlags& flags) {
  const auto config = settings.load();
  if (!config.ok()) return report(config.status(), Phase::kSetup);
  if (flags.to.empty()) {
    return report({Code::kInvalidArgument, "no target: give --to DIRECTORY, a new one"},
                  Phase::kSetup);
  }
  auto line = std::make_unique<ProgressLine>();
  const auto done = salvage::salvage(config->dir, flags.to, config->store,
                                     [&](const std::string& what) { line->show(what); });
  line.reset();
  if (!done.ok()) return report(done.status(), Phase::kSetup);
  Status printed = print(flags.json ? done->ndjson() : for_people(*done, flags.to));
  if (!printed.ok() || done->complete()) return report(printed, Phase::kWork);
  return report({Code::kCorruption, "not everything in " + config->dir.string() +
                                        " could be recovered; what is missing is listed above"},
                Phase::kWork);
}

constexpr const char* kExamples =
    "Examples:\n"
    "  outbox-relay salvage --dir D --to E\n"
    "  outbox-relay run --dir E/outbox          relay what was recovered\n"
    "  jq 'select(.what == \"missing\")' E/report.ndjson\n"
    "  outbox-relay put --dir E/outbox --ndjson < E/dead-letters.ndjson\n"
    "Never changes D: copies it to E/damaged-copy and appends what is whole there, in order, to "
    "the\n"
    "new outbox E/outbox. Needs three times the size of D. Consumers see a new outbox id; each\n"
    "message names its old number in the header outbox-salvaged-from.\n"
    "Exit code 0: everything was recovered; 6: something is missing, and named.";

}  // namespace

void add_salvage(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("salvage", "Recover what is whole of a damaged outbox into a new one");
  command->footer(kExamples);
  auto flags = std::make_shared<SalvageFlags>();
  command->add_option("--to", flags->to, "New directory for copy, outbox and report")
      ->type_name("E");
  command->add_flag("--json", flags->json, "The report: one JSON object a line");
  service::Config base;
  base.log_level = "error";
  const Settings settings(*command, {Scope::kCommon}, base);
  command->callback([&context, settings, flags] {
    context.action = [settings, flags] { return salvage_outbox(settings, *flags); };
  });
}

}  // namespace outbox::cli

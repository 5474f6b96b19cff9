#include "store/verify.h"

#include <rocksdb/env.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "service/json_out.h"
#include "service/text.h"

namespace outbox::cli {
namespace {

using service::Scope;
using store::VerifyReport;

constexpr std::size_t kLineWidth = 400;

std::string for_people(const VerifyReport& report) {
  std::vector<std::vector<std::string>> rows{{"TOPIC", "HEAD", "TAIL", "PENDING", "DEAD"}};
  for (const store::VerifiedLane& lane : report.lanes) {
    rows.push_back({lane.topic, std::to_string(lane.head), std::to_string(lane.tail),
                    std::to_string(lane.pending), std::to_string(lane.dead)});
  }
  std::string text = "whole:\n" + table(rows);
  for (const std::string& note : report.notes) text += "note: " + note + "\n";
  for (const store::Damage& damage : report.damage) {
    text += "DAMAGE: " + damage.where + ": " + service::printable(damage.what, kLineWidth) + "\n";
  }
  return text;
}

std::string for_programs(const VerifyReport& report) {
  nlohmann::ordered_json json;
  json["whole"] = report.whole();
  json["entries_read"] = report.entries_read;
  json["topics"] = nlohmann::ordered_json::array();
  for (const store::VerifiedLane& lane : report.lanes) {
    json["topics"].push_back({{"topic", lane.topic},
                              {"head", lane.head},
                              {"tail", lane.tail},
                              {"pending", lane.pending},
                              {"dead", lane.dead}});
  }
  json["damage"] = nlohmann::ordered_json::array();
  for (const store::Damage& damage : report.damage) {
    json["damage"].push_back({{"where", damage.where}, {"what", damage.what}});
  }
  json["notes"] = report.notes;
  return service::json_text(json) + "\n";
}

int verify(const Settings& settings, bool json) {
  const auto config = settings.load();
  if (!config.ok()) return report(config.status(), Phase::kSetup);
  auto line = std::make_unique<ProgressLine>();
  const auto found = store::verify(
      config->dir, config->store, *rocksdb::Env::Default(),
      [&](std::uint64_t entries) { line->show(std::to_string(entries) + " entries"); });
  line.reset();
  if (!found.ok()) return report(found.status(), Phase::kWork);
  Status printed = print(json ? for_programs(*found) : for_people(*found));
  if (!printed.ok() || found->whole()) return report(printed, Phase::kWork);
  return report({Code::kCorruption,
                 config->dir.string() + " is damaged in " + std::to_string(found->found) +
                     " places, listed above; nothing was changed; run outbox-relay salvage to "
                     "recover what is whole"},
                Phase::kWork);
}

constexpr const char* kExamples =
    "Examples:\n"
    "  outbox-relay verify --dir D\n"
    "  outbox-relay verify --dir D --json | jq '.damage[]'\n"
    "Reads everything, changes nothing; also beside a running relay. Exit code 0: whole; 6: "
    "damaged.";

}  // namespace

void add_verify(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("verify", "Check an outbox and name all damage");
  command->footer(kExamples);
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "One JSON object");
  service::Config base;
  base.log_level = "error";
  const Settings settings(*command, {Scope::kCommon}, base);
  command->callback([&context, settings, json] {
    context.action = [settings, json] { return verify(settings, *json); };
  });
}

}  // namespace outbox::cli

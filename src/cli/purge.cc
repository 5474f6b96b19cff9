#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "cli/whole_number.h"
#include "service/json_text.h"
#include "service/open_access.h"

namespace outbox::cli {
namespace {

using service::Scope;

struct PurgeFlags {
  std::string topic;
  Seq through = 0;
  bool yes = false;
  bool json = false;
};

int purge(const Settings& settings, const PurgeFlags& flags) {
  const auto config = settings.load();
  if (!config.ok()) return report(config.status(), Phase::kSetup);
  if (flags.topic.empty()) {
    return report({Code::kInvalidArgument, "no topic: give --topic T"}, Phase::kSetup);
  }
  if (!flags.yes) {
    return report({Code::kInvalidArgument, "purge gives pending entries up for good: add --yes"},
                  Phase::kSetup);
  }
  auto access = service::open_access(*config, service::Intent::kWrite);
  if (!access.ok()) return report(access.status(), Phase::kSetup);
  const auto record = (*access)->purge(flags.topic, flags.through, who_am_i());
  if (!record.ok()) return report(record.status(), Phase::kWork);
  const std::string text = "purged " + std::to_string(record->count) + " entries of " +
                           record->topic + ", " + std::to_string(record->from) + " to " +
                           std::to_string(record->through) + "\n";
  return report(print(flags.json ? service::purge_text(*record) + "\n" : text), Phase::kWork);
}

constexpr const char* kExamples =
    "Examples:\n"
    "  outbox-relay purge --dir D --topic mistyped --yes\n"
    "  outbox-relay purge --dir D --topic orders --through 4711 --yes\n"
    "The ledger keeps who gave up which range, and when. What is in flight to Kafka at that\n"
    "moment may still be delivered, and is counted so.";

}  // namespace

void add_purge(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("purge", "Give up pending entries of a topic on purpose");
  command->footer(kExamples);
  auto flags = std::make_shared<PurgeFlags>();
  command->add_option("--topic", flags->topic, "The topic")->type_name("T");
  command->add_option("--through", flags->through, "Last one to give up; default all there are")
      ->check(whole_number(1))
      ->type_name("SEQ");
  command->add_flag("--yes", flags->yes, "Yes, give them up");
  command->add_flag("--json", flags->json, "Print the record as JSON");
  service::Config base;
  base.log_level = "error";
  base.store.create_if_missing = false;
  const Settings settings(*command, {Scope::kCommon}, base);
  command->callback([&context, settings, flags] {
    context.action = [settings, flags] { return purge(settings, *flags); };
  });
}

}  // namespace outbox::cli

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/settings.h"
#include "service/open_access.h"

namespace outbox::cli {
namespace {

using service::Access;
using service::Scope;

struct Command {
  const char* name;
  const char* about;
  const char* examples;
  bool needs_topic;
  Status (Access::*action)(const std::string& topic);
};

const Command kCommands[] = {
    {"pause", "Hold a topic, or all, in a running relay",
     "Example:\n  outbox-relay pause --dir D --topic orders\n"
     "Messages are still accepted. A restart of the relay resumes.",
     false, &Access::pause},
    {"resume", "Let a held topic, or all, flow again",
     "Example:\n  outbox-relay resume --dir D --topic orders", false, &Access::resume},
    {"accept", "Let a halted topic try again",
     "Example:\n  outbox-relay accept --dir D --topic orders\n"
     "For a topic that was recreated with fewer partitions, or halted by poison-policy halt.",
     true, &Access::accept},
};

int steer(const Settings& settings, const std::string& topic, const Command& command) {
  const auto config = settings.load();
  if (!config.ok()) return report(config.status(), Phase::kSetup);
  if (command.needs_topic && topic.empty()) {
    return report({Code::kInvalidArgument, "no topic: give --topic T"}, Phase::kSetup);
  }
  auto access = service::open_access(*config, service::Intent::kSteer);
  if (!access.ok()) return report(access.status(), Phase::kSetup);
  return report(((**access).*command.action)(topic), Phase::kWork);
}

}  // namespace

void add_lane_control(CLI::App& app, Context& context) {
  for (const Command& command : kCommands) {
    CLI::App* sub = app.add_subcommand(command.name, command.about);
    sub->footer(command.examples);
    auto topic = std::make_shared<std::string>();
    sub->add_option("--topic", *topic, command.needs_topic ? "The topic" : "The topic; default all")
        ->type_name("T");
    service::Config base;
    base.log_level = "error";
    const Settings settings(*sub, {Scope::kCommon}, base);
    sub->callback([&context, settings, topic, &command] {
      context.action = [settings, topic, &command] { return steer(settings, *topic, command); };
    });
  }
}

}  // namespace outbox::cli

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/commands.h"
#include "cli/demo.h"
#include "cli/demo_child.h"
#include "cli/exit_codes.h"

namespace outbox::cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  outbox-relay demo                                        on an embedded mock cluster\n"
    "  outbox-relay demo --bootstrap-servers kafka1:9092        on your own";

void add_child(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("demo-child", "The demo's relay process")->group("");
  auto options = std::make_shared<DemoChildOptions>();
  command->add_option("--dir", options->dir);
  command->add_option("--bootstrap-servers", options->bootstrap_servers);
  command->add_option("--topic", options->topic);
  command->add_option("--max-in-flight", options->max_in_flight_requests);
  command->add_option("--start-at", options->start_at)->allow_extra_args(false)->take_all();
  command->callback([&context, options] {
    context.action = [options] { return report(run_demo_child(*options), Phase::kWork); };
  });
}

}  // namespace

void add_demo(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("demo", "Show an outage and a kill, and that every message arrives");
  command->footer(kExamples);
  auto options = std::make_shared<DemoOptions>();
  command->add_option("--bootstrap-servers", options->bootstrap_servers,
                      "Your brokers; default an embedded mock cluster");
  command->add_option("--broker-down-command", options->broker_down_command,
                      "Shell command that stops the brokers");
  command->add_option("--broker-up-command", options->broker_up_command,
                      "Shell command that starts them again");
  command->callback([&context, options] {
    context.action = [options] { return report(run_demo(*options), Phase::kWork); };
  });
  add_child(app, context);
}

}  // namespace outbox::cli

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "service/nearest.h"

namespace outbox::cli {
namespace {

constexpr const char* kAbout =
    "Durable local outbox for Kafka: what put acknowledges reaches Kafka, or is accounted for.";

void add_commands(CLI::App& app, Context& context) {
  add_run(app, context);
  add_put(app, context);
  add_drain(app, context);
  add_status(app, context);
  add_peek(app, context);
  add_dead(app, context);
  add_purge(app, context);
  add_lane_control(app, context);
  add_demo(app, context);
}

/// Unknown options are collected rather than refused by CLI11, so that the
/// message can name the nearest known one.
void collect_unknown(CLI::App& app) {
  app.allow_extras();
  // A VALUE named like a command must stay a value.
  app.require_subcommand(0, 1);
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    collect_unknown(*command);
  }
}

std::vector<std::string> known_words(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    for (const std::string& name : option->get_snames()) words.push_back("-" + name);
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) words.push_back(command->get_name());
  }
  return words;
}

/// Of the deepest command that was named.
Status check_unknown(const CLI::App& app) {
  for (const CLI::App* command : app.get_subcommands()) {
    if (Status status = check_unknown(*command); !status.ok()) return status;
  }
  const auto unknown = app.remaining();
  if (unknown.empty()) return {};
  const std::string word = unknown.front().substr(0, unknown.front().find('='));
  const auto words = known_words(app);
  const std::vector<std::string_view> known(words.begin(), words.end());
  const bool option = word.starts_with('-');
  const bool wants_command = !option && app.get_subcommands().empty() &&
                             !app.get_subcommands([](const CLI::App*) { return true; }).empty();
  std::string message = (option          ? "unknown option "
                         : wants_command ? "unknown command "
                                         : "unexpected argument ") +
                        word + service::did_you_mean(word, known);
  if (option && app.get_name() == "put") {
    message += " (a VALUE that begins with - goes after --)";
  }
  return {Code::kInvalidArgument, message};
}

int usage(const std::string& message) {
  return report({Code::kInvalidArgument, message + "; see outbox-relay --help"}, Phase::kSetup);
}

int run_main(int argc, char** argv) {
  // A reader that went away is an error of write(), not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app(kAbout, "outbox-relay");
  app.footer(exit_code_help());
  app.set_version_flag("--version", OUTBOX_VERSION);
  Context context;
  add_commands(app, context);
  collect_unknown(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& answer) {  // --help, --version
    return app.exit(answer);
  } catch (const CLI::ParseError& error) {
    const Status unknown = check_unknown(app);
    return unknown.ok() ? usage(error.what()) : report(unknown, Phase::kSetup);
  }
  if (Status status = check_unknown(app); !status.ok()) return report(status, Phase::kSetup);
  return context.action ? context.action() : usage("no command given");
}

}  // namespace
}  // namespace outbox::cli

/// Everything is created, wired and destroyed here; no exception leaves.
int main(int argc, char** argv) {
  try {
    return outbox::cli::run_main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "outbox-relay: internal error: %s\n", error.what());
  } catch (...) {
    std::fprintf(stderr, "outbox-relay: internal error\n");
  }
  return outbox::cli::kExitFailed;
}

#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
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
  add_verify(app, context);
  add_salvage(app, context);
  add_doctor(app, context);
  add_audit(app, context);
  add_lane_control(app, context);
  add_consume(app, context);
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

/// An option, as opposed to a plain argument.
bool is_option(const std::string& word) { return word.size() > 1 && word.front() == '-'; }

/// What the deepest command that was named does not know.
Status check_unknown(const CLI::App& app, const Context& context) {
  for (const CLI::App* command : app.get_subcommands()) {
    if (Status status = check_unknown(*command, context); !status.ok()) return status;
  }
  const bool takes_operands = &app == context.takes_operands;
  const auto extra = app.remaining();
  const auto found = std::find_if(extra.begin(), extra.end(), [&](const std::string& word) {
    return is_option(word) || !takes_operands;
  });
  if (found == extra.end()) return {};
  const std::string word = found->substr(0, found->find('='));
  const auto words = known_words(app);
  const std::vector<std::string_view> known(words.begin(), words.end());
  const bool wants_command = app.get_subcommands().empty() &&
                             !app.get_subcommands([](const CLI::App*) { return true; }).empty();
  std::string message = (is_option(word) ? "unknown option "
                         : wants_command ? "unknown command "
                                         : "unexpected argument ") +
                        word + service::did_you_mean(word, known);
  if (takes_operands) message += " (a VALUE that begins with - goes after --)";
  return {Code::kInvalidArgument, message};
}

/// Everything up to "--", last first, as CLI11 wants it; the rest into `operands`.
Result<std::vector<std::string>> arguments(int argc, char** argv,
                                           std::vector<std::string>& operands) {
  std::vector<std::string> all(argv + 1, argv + argc);
  const auto end = std::find(all.begin(), all.end(), "--");
  if (end != all.end()) operands.assign(end + 1, all.end());
  std::vector<std::string> before;
  for (auto word = all.begin(); word != end; ++word) {
    // CLI11 swallows it: its mark for the end of a subcommand.
    if (*word == "++") return Status(Code::kInvalidArgument, "unexpected argument ++ before --");
    const bool empty_value =
        word->starts_with("--") && word->ends_with('=') && word->find('=') == word->size() - 1;
    // CLI11 would take the next argument for the value.
    before.push_back(empty_value ? word->substr(0, word->size() - 1) : *word);
    if (empty_value) before.emplace_back();
  }
  std::reverse(before.begin(), before.end());
  return before;
}

/// Threads of librdkafka and RocksDB free what others allocated. With an arena for nearly each of
/// them (glibc's default: 8 a core) the pieces left over were a fifth of the relay's memory.
void bound_fragmentation() {
  constexpr int kArenasMax = 2;
  ::mallopt(M_ARENA_MAX, kArenasMax);
}

int usage(const std::string& message) {
  return report({Code::kInvalidArgument, message + "; see outbox-relay --help"}, Phase::kSetup);
}

int run_main(int argc, char** argv) {
  // A reader that went away is an error of write(), not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  bound_fragmentation();
  CLI::App app(kAbout, "outbox-relay");
  app.footer(exit_code_help());
  app.set_version_flag("--version", OUTBOX_VERSION);
  Context context;
  add_commands(app, context);
  collect_unknown(app);
  auto words = arguments(argc, argv, context.operands);
  if (!words.ok()) return report(words.status(), Phase::kSetup);
  try {
    app.parse(std::move(*words));
  } catch (const CLI::Success& answer) {  // --help, --version
    return app.exit(answer);
  } catch (const CLI::ParseError& error) {
    const Status unknown = check_unknown(app, context);
    return unknown.ok() ? usage(error.what()) : report(unknown, Phase::kSetup);
  }
  if (Status status = check_unknown(app, context); !status.ok())
    return report(status, Phase::kSetup);
  const bool taken = context.takes_operands != nullptr && context.takes_operands->parsed();
  if (!taken && !context.operands.empty()) {
    return usage("unexpected argument " + context.operands.front());
  }
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

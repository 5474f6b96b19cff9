#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace outbox::cli {

/// What main shares with the subcommands.
struct Context {
  /// What to do, set by the chosen subcommand's callback and run by main after
  /// parsing. Answers an exit code (exit_codes.h).
  std::function<int()> action;
  /// Arguments after "--"; CLI11 never sees them.
  std::vector<std::string> operands;
  /// The command that takes any number of plain arguments. CLI11 would split
  /// one like [1,2,3] into three, so they are collected as "unknown" ones.
  const CLI::App* takes_operands = nullptr;
};

/// One file a subcommand, named after it. Each adds its CLI::App with options,
/// help text and examples, and a callback that sets context.action. `context`
/// outlives the parse.
void add_run(CLI::App& app, Context& context);
void add_put(CLI::App& app, Context& context);
void add_drain(CLI::App& app, Context& context);
void add_status(CLI::App& app, Context& context);
void add_peek(CLI::App& app, Context& context);
void add_dead(CLI::App& app, Context& context);
void add_purge(CLI::App& app, Context& context);
void add_verify(CLI::App& app, Context& context);
void add_salvage(CLI::App& app, Context& context);
void add_consume(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);
void add_audit(CLI::App& app, Context& context);
/// pause, resume and accept.
void add_lane_control(CLI::App& app, Context& context);
/// demo and the hidden child of it.
void add_demo(CLI::App& app, Context& context);

}  // namespace outbox::cli

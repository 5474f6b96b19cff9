#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/pages.h"
#include "cli/settings.h"
#include "cli/whole_number.h"
#include "service/json_text.h"
#include "service/open_access.h"
#include "service/text.h"

namespace outbox::cli {
namespace {

using service::Access;
using service::Intent;
using service::Scope;

constexpr std::size_t kReasonWidth = 80;

struct DeadFlags {
  std::string topic;
  Seq seq = 0;
  std::uint64_t count = 100;
  bool json = false;
  bool yes = false;
};

std::vector<std::string> row_of(const DeadLetter& letter) {
  return {letter.entry.message.topic,
          std::to_string(letter.entry.seq),
          utc_time(letter.died_at_ms),
          std::to_string(letter.partition),
          letter.requeued_as == 0 ? "-" : "as " + std::to_string(letter.requeued_as),
          service::printable(letter.reason, kReasonWidth)};
}

/// Pages are of one topic.
Result<std::vector<std::string>> topics_of(Access& access, const DeadFlags& flags) {
  if (!flags.topic.empty()) return std::vector{flags.topic};
  const auto stats = access.stats();
  if (!stats.ok()) return stats.status();
  std::vector<std::string> topics;
  for (const LaneStats& lane : stats->lanes) {
    if (lane.ledger.dead + lane.ledger.requeued > 0) topics.push_back(lane.topic);
  }
  return topics;
}

Status list(Access& access, const DeadFlags& flags) {
  const auto topics = topics_of(access, flags);
  if (!topics.ok()) return topics.status();
  std::vector<std::vector<std::string>> rows{
      {"TOPIC", "SEQ", "DIED", "PARTITION", "REQUEUED", "REASON"}};
  std::uint64_t left = flags.count;
  const auto take = [&](const std::vector<DeadLetter>& letters) {
    std::string text;
    for (const DeadLetter& letter : letters) {
      if (flags.json)
        text += service::dead_letter_text(letter) + "\n";
      else
        rows.push_back(row_of(letter));
    }
    left -= letters.size();
    return print(text);
  };
  for (const std::string& topic : *topics) {
    const auto fetch = [&](Seq from, std::size_t count) {
      return access.dead_letters(topic, from, count);
    };
    if (Status status = for_pages(0, left, fetch, take); !status.ok()) return status;
  }
  return flags.json ? Status() : print(table(rows));
}

Status show(Access& access, const DeadFlags& flags) {
  const auto letter = access.dead_letter(flags.topic, flags.seq);
  if (!letter.ok()) return letter.status();
  if (flags.json) return print(service::dead_letter_text(*letter) + "\n");
  const Message& message = letter->entry.message;
  std::string text = "topic      " + message.topic + "\nseq        " +
                     std::to_string(letter->entry.seq) + "\ndied       " +
                     utc_time(letter->died_at_ms) + "\npartition  " +
                     std::to_string(letter->partition) + "\nreason     " +
                     service::printable(letter->reason, std::string::npos) + "\n";
  if (letter->requeued_as != 0) {
    text += "requeued   as " + std::to_string(letter->requeued_as) + "\n";
  }
  const auto shown = [](const std::optional<std::string>& bytes) {
    return bytes ? service::printable(*bytes, std::string::npos) : "(null)";
  };
  text += "key        " + shown(message.key) + "\n";
  for (const Header& header : message.headers) {
    text += "header     " + service::printable(header.name, std::string::npos) + " = " +
            shown(header.value) + "\n";
  }
  return print(text + "value      " + shown(message.value) + "\n");
}

Status requeue(Access& access, const DeadFlags& flags) {
  const auto appended = access.requeue(flags.topic, flags.seq);
  if (!appended.ok()) return appended.status();
  return print(flags.topic + " " + std::to_string(appended->seq) + "\n");
}

Status drop(Access& access, const DeadFlags& flags) {
  return access.drop_dead_letter(flags.topic, flags.seq, who_am_i());
}

using Action = Status (*)(Access&, const DeadFlags&);

int run_action(const Settings& settings, const DeadFlags& flags, Intent intent, Action action) {
  const auto config = settings.load();
  if (!config.ok()) return report(config.status(), Phase::kSetup);
  if (action == drop && !flags.yes) {
    return report({Code::kInvalidArgument, "dead drop gives the message up for good: add --yes"},
                  Phase::kSetup);
  }
  auto access = service::open_access(*config, intent);
  if (!access.ok()) return report(access.status(), Phase::kSetup);
  return report(action(**access, flags), Phase::kWork);
}

struct Command {
  const char* name;
  const char* about;
  Intent intent;
  Action action;
};

const Command kCommands[] = {
    {"list", "List dead letters, the oldest first", Intent::kRead, list},
    {"show", "Show one whole", Intent::kRead, show},
    {"requeue", "Append it again, under a new sequence number", Intent::kWrite, requeue},
    {"drop", "Give it up for good; needs --yes", Intent::kWrite, drop},
};

void add_command(CLI::App& dead, Context& context, const Command& command) {
  CLI::App* app = dead.add_subcommand(command.name, command.about);
  auto flags = std::make_shared<DeadFlags>();
  if (command.action == list) {
    app->add_option("--topic", flags->topic, "Of this topic only")->type_name("T");
    app->add_option("--count", flags->count, "At most this many [100]")
        ->check(whole_number())
        ->type_name("N");
  } else {
    app->add_option("TOPIC", flags->topic, "The topic")->required();
    app->add_option("SEQ", flags->seq, "Its sequence number")->check(whole_number(1))->required();
  }
  if (command.intent == Intent::kRead) {
    app->add_flag("--json", flags->json, "One JSON object a line");
  }
  if (command.action == drop) app->add_flag("--yes", flags->yes, "Yes, give it up");
  service::Config base;
  base.log_level = "error";
  base.store.create_if_missing = false;
  const Settings settings(*app, {Scope::kCommon}, base);
  app->callback([&context, settings, flags, &command] {
    context.action = [settings, flags, &command] {
      return run_action(settings, *flags, command.intent, command.action);
    };
  });
}

constexpr const char* kExamples =
    "Examples:\n"
    "  outbox-relay dead list --dir D --topic orders\n"
    "  outbox-relay dead show --dir D orders 4711\n"
    "  outbox-relay dead requeue --dir D orders 4711      prints the new TOPIC SEQ\n"
    "  outbox-relay dead drop --dir D orders 4711 --yes   counted as purged, with who and when";

}  // namespace

void add_dead(CLI::App& app, Context& context) {
  CLI::App* dead = app.add_subcommand("dead", "Dead letters: what Kafka will never take");
  dead->footer(kExamples);
  for (const Command& command : kCommands) add_command(*dead, context, command);
  dead->callback([&context, dead] {
    if (!dead->get_subcommands().empty()) return;
    context.action = [] {
      return report({Code::kInvalidArgument, "dead: wanted list, show, requeue or drop"},
                    Phase::kSetup);
    };
  });
}

}  // namespace outbox::cli

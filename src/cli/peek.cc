#include <CLI/CLI.hpp>
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

using service::Scope;

constexpr std::size_t kKeyWidth = 24;
constexpr std::size_t kValueWidth = 60;

struct PeekFlags {
  std::string topic;
  Seq from = 0;
  std::uint64_t count = 10;
  bool json = false;
};

std::string shown(const std::optional<std::string>& bytes, std::size_t width) {
  return bytes ? service::printable(*bytes, width) : "(null)";
}

std::vector<std::string> row_of(const StoredEntry& entry) {
  const Message& message = entry.message;
  return {std::to_string(entry.seq), message.timestamp_ms ? utc_time(*message.timestamp_ms) : "-",
          shown(message.key, kKeyWidth), std::to_string(message.value ? message.value->size() : 0),
          shown(message.value, kValueWidth)};
}

Status list(service::Access& access, const PeekFlags& flags) {
  std::vector<std::vector<std::string>> rows{{"SEQ", "TIME", "KEY", "BYTES", "VALUE"}};
  const auto fetch = [&](Seq from, std::size_t count) {
    return access.peek(flags.topic, from, count);
  };
  const Status listed =
      for_pages(flags.from, flags.count, fetch, [&](const std::vector<StoredEntry>& entries) {
        std::string text;
        for (const StoredEntry& entry : entries) {
          if (flags.json)
            text += service::entry_text(entry) + "\n";
          else
            rows.push_back(row_of(entry));
        }
        return print(text);
      });
  return listed.ok() && !flags.json ? print(table(rows)) : listed;
}

int peek(const Settings& settings, const PeekFlags& flags) {
  const auto config = settings.load();
  if (!config.ok()) return report(config.status(), Phase::kSetup);
  if (flags.topic.empty()) {
    return report({Code::kInvalidArgument, "no topic: give --topic T"}, Phase::kSetup);
  }
  auto access = service::open_access(*config, service::Intent::kRead);
  if (!access.ok()) return report(access.status(), Phase::kSetup);
  return report(list(**access, flags), Phase::kWork);
}

constexpr const char* kExamples =
    "Examples:\n"
    "  outbox-relay peek --dir D --topic orders\n"
    "  outbox-relay peek --dir D --topic orders --from 4711 --count 1 --json\n"
    "  outbox-relay peek --dir D --topic orders --json | jq -c .message\n"
    "Shows pending entries, the oldest first; nothing is taken out.";

}  // namespace

void add_peek(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("peek", "Show pending entries of a topic");
  command->footer(kExamples);
  auto flags = std::make_shared<PeekFlags>();
  command->add_option("--topic", flags->topic, "The topic")->type_name("T");
  command->add_option("--from", flags->from, "First sequence number; default the head")
      ->check(whole_number())
      ->type_name("SEQ");
  command->add_option("--count", flags->count, "At most this many [10]")
      ->check(whole_number())
      ->type_name("N");
  command->add_flag("--json", flags->json, "One JSON object a line");
  service::Config base;
  base.log_level = "error";
  const Settings settings(*command, {Scope::kCommon}, base);
  command->callback([&context, settings, flags] {
    context.action = [settings, flags] { return peek(settings, *flags); };
  });
}

}  // namespace outbox::cli

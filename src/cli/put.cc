#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/put_sink.h"
#include "cli/settings.h"
#include "service/line_reader.h"
#include "service/message_json.h"
#include "service/open_access.h"

namespace outbox::cli {
namespace {

using service::Scope;

struct PutFlags {
  std::string topic;
  std::optional<std::string> key;
  std::vector<std::string> headers;
  std::optional<std::int32_t> partition;
  std::string id;
  std::string key_delimiter;
  std::vector<std::string> values;
  bool lines = false;
  bool ndjson = false;
  bool quiet = false;
};

Status invalid(const std::string& what) { return {Code::kInvalidArgument, what}; }

Status check(const PutFlags& flags) {
  const int forms = (flags.lines ? 1 : 0) + (flags.ndjson ? 1 : 0) + (flags.values.empty() ? 0 : 1);
  if (forms == 0) return invalid("nothing to put: give VALUE..., --lines or --ndjson");
  if (forms > 1) return invalid("VALUE..., --lines and --ndjson exclude each other");
  if (flags.topic.empty() && !flags.ndjson) return invalid("no topic: give --topic T");
  if (!flags.key_delimiter.empty() && !flags.lines) {
    return invalid("--key-delimiter goes with --lines");
  }
  if (!flags.key_delimiter.empty() && flags.key) {
    return invalid("--key and --key-delimiter exclude each other");
  }
  if (flags.ndjson && (flags.key || !flags.headers.empty() || flags.partition)) {
    return invalid("with --ndjson, key, headers and partition stand in the lines");
  }
  return {};
}

/// What the flags say about every message.
Result<Message> message_of(const PutFlags& flags) {
  Message message;
  message.topic = flags.topic;
  message.key = flags.key;
  message.partition = flags.partition;
  for (const std::string& text : flags.headers) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return invalid("--header \"" + text + "\": wanted NAME=VALUE");
    }
    message.headers.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return message;
}

/// One message alone has the id itself; of several, each has its own number.
std::string id_of(const PutFlags& flags, std::uint64_t number) {
  if (flags.id.empty() || flags.values.size() == 1) return flags.id;
  return flags.id + "/" + std::to_string(number);
}

Status put_values(const PutFlags& flags, const Message& pattern, PutSink& sink) {
  for (std::size_t i = 0; i < flags.values.size(); ++i) {
    Message message = pattern;
    message.value = flags.values[i];
    message.idempotency_key = id_of(flags, i + 1);
    const Status status = sink.add(std::move(message), "VALUE " + std::to_string(i + 1));
    if (!status.ok()) return status;
  }
  return sink.flush();
}

Result<Message> message_of_line(const PutFlags& flags, const Message& pattern,
                                std::string_view line) {
  if (flags.ndjson) return service::parse_message(line, flags.topic);
  Message message = pattern;
  if (!flags.key_delimiter.empty()) {
    const auto at = line.find(flags.key_delimiter);
    if (at == std::string_view::npos) {
      return invalid("there is no key delimiter \"" + flags.key_delimiter + "\"");
    }
    message.key = line.substr(0, at);
    line.remove_prefix(at + flags.key_delimiter.size());
  }
  message.value = std::string(line);
  return message;
}

std::uint64_t input_bytes() {
  struct stat info {};
  if (::fstat(STDIN_FILENO, &info) != 0 || !S_ISREG(info.st_mode)) return 0;
  return static_cast<std::uint64_t>(info.st_size);
}

bool blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

Status put_stream(const PutFlags& flags, const Message& pattern, std::size_t line_bytes_max,
                  PutSink& sink) {
  service::LineReader reader(STDIN_FILENO, line_bytes_max);
  ProgressLine progress;
  const std::uint64_t total = input_bytes();
  std::string_view line;
  while (true) {
    const auto more = reader.next(line);
    Status fault = more.status();
    if (more.ok() && !*more) return sink.flush();
    // An empty line is an empty message, but no JSON.
    if (fault.ok() && flags.ndjson && blank(line)) continue;
    const std::string origin = "line " + std::to_string(reader.number());
    if (fault.ok()) {
      auto message = message_of_line(flags, pattern, line);
      if (message.ok()) {
        if (message->idempotency_key.empty()) {
          message->idempotency_key = id_of(flags, reader.number());
        }
        Status status = sink.add(std::move(*message), origin);
        // Whoever feeds us line by line wants to see each one durable.
        if (status.ok() && !reader.ready()) status = sink.flush();
        if (!status.ok()) return status;
      } else {
        fault = {message.status().code(), origin + ": " + message.status().message()};
      }
    }
    if (!fault.ok()) {
      const Status flushed = sink.flush();
      return flushed.ok() ? fault : flushed;
    }
    progress.show((total > 0 ? ProgressLine::bar(reader.bytes_read(), total) + "  " : "") +
                  std::to_string(sink.durable()) + " durable");
  }
}

int put(const Settings& settings, const PutFlags& flags) {
  const auto config = settings.load();
  if (!config.ok()) return report(config.status(), Phase::kSetup);
  if (Status status = check(flags); !status.ok()) return report(status, Phase::kSetup);
  const auto pattern = message_of(flags);
  if (!pattern.ok()) return report(pattern.status(), Phase::kSetup);
  auto access = service::open_access(*config, service::Intent::kWrite);
  if (!access.ok()) return report(access.status(), Phase::kSetup);
  PutSink sink(**access, flags.quiet);
  // JSON may spell a byte with six characters.
  const std::size_t line_bytes_max = config->store.message_bytes_max * 6 + 65'536;
  return report(flags.values.empty() ? put_stream(flags, *pattern, line_bytes_max, sink)
                                     : put_values(flags, *pattern, sink),
                Phase::kWork);
}

constexpr const char* kExamples =
    "Examples:\n"
    "  outbox-relay put --dir D --topic orders --key 42 --header source=web '{\"total\": 9}' "
    "VALUE...\n"
    "  outbox-relay put --dir D --topic log --lines < app.log\n"
    "  outbox-relay put --dir D --topic users --lines --key-delimiter : < /etc/passwd\n"
    "  outbox-relay put --dir D --ndjson --id import-7 < messages.ndjson\n"
    "A line of --ndjson: {\"topic\", \"key\" or \"key_base64\", \"value\" or \"value_base64\",\n"
    "\"headers\": {}, \"partition\", \"timestamp_ms\", \"id\"}; \"value\": null is a tombstone.\n"
    "Prints TOPIC SEQ of each message once it is fsynced. After a failure, what was printed is\n"
    "durable; with --id the same command can be repeated and appends nothing twice.";

void add_options(CLI::App& command, PutFlags& flags) {
  command.add_option("--topic", flags.topic, "Kafka topic; with --ndjson the default")
      ->type_name("T");
  command.add_option("--key", flags.key, "Key; decides the partition")->type_name("K");
  command.add_option("--header", flags.headers, "Header; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false)
      ->take_all();
  command.add_option("--partition", flags.partition, "Partition, instead of the key's")
      ->type_name("P")
      ->check(CLI::Range(std::int32_t{0}, std::numeric_limits<std::int32_t>::max()));
  command
      .add_option("--id", flags.id,
                  "Idempotency key: of one VALUE as it is, otherwise ID/1, ID/2, ... by number of "
                  "the value or line")
      ->type_name("ID");
  command.add_flag("--lines", flags.lines, "One message a line of standard input");
  command
      .add_option("--key-delimiter", flags.key_delimiter,
                  "With --lines: what parts the key from the value")
      ->type_name("C");
  command.add_flag("--ndjson", flags.ndjson, "One JSON object a line of standard input");
  command.add_flag("-q,--quiet", flags.quiet, "Print nothing");
}

}  // namespace

void add_put(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "put", "Append messages (VALUE..., or from standard input); prints each once it is durable");
  command->footer(kExamples);
  auto flags = std::make_shared<PutFlags>();
  add_options(*command, *flags);
  service::Config base;
  base.log_level = "warn";
  base.store.open_deadline_ms = std::chrono::seconds(30);
  const Settings settings(*command, {Scope::kCommon, Scope::kStore}, base);
  context.takes_operands = command;
  command->callback([&context, command, settings, flags] {
    flags->values = command->remaining();
    flags->values.insert(flags->values.end(), context.operands.begin(), context.operands.end());
    context.action = [settings, flags] { return put(settings, *flags); };
  });
}

}  // namespace outbox::cli

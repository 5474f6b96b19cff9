#include <CLI/CLI.hpp>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cli/commands.h"
#include "cli/consume_sink.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "cli/whole_number.h"
#include "outbox/inbox.h"
#include "service/config.h"
#include "service/http_server.h"
#include "service/inbox_api.h"
#include "service/listener.h"
#include "service/logging.h"

namespace outbox::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStep{200};
constexpr milliseconds kStopLimit{10'000};
// Of those who watch it.
constexpr std::uint64_t kConnectionsMax = 32;

struct ConsumeFlags {
  std::string bootstrap_servers;
  std::vector<std::string> topics;
  std::vector<std::int32_t> partitions;
  std::string group;
  std::string dir;
  std::string exec;
  bool ndjson = false;
  std::size_t workers = 1;
  std::string from = "earliest";
  std::string dead_letter_topic;
  int attempts = InboxOptions().attempts_max;
  std::uint64_t count = 0;
  std::string listen;
  bool quiet = false;
  std::vector<std::string> kafka_flags;
  std::string log_level = "warn";
};

/// -X with its files and environment variables, as every command that talks to Kafka has them.
Result<service::Config> kafka_config(const ConsumeFlags& flags) {
  service::ConfigSources sources;
  sources.environment = service::outbox_environment();
  sources.kafka_flags = flags.kafka_flags;
  sources.flags.emplace_back("log_level", flags.log_level);
  if (!flags.bootstrap_servers.empty()) {
    sources.flags.emplace_back("bootstrap_servers", flags.bootstrap_servers);
  }
  return service::load_config(sources);
}

Result<InboxOptions> options_of(const ConsumeFlags& flags) {
  const auto config = kafka_config(flags);
  if (!config.ok()) return config.status();
  InboxOptions options;
  options.bootstrap_servers = config->relay.bootstrap_servers;
  options.kafka_properties = config->relay.kafka_properties;
  options.group = flags.group;
  options.dir = flags.dir;
  options.workers = flags.workers;
  if (!flags.partitions.empty() && flags.topics.size() != 1) {
    return Status(Code::kInvalidArgument, "--partition goes with one --topic");
  }
  if (flags.partitions.empty()) {
    options.topics = flags.topics;
  } else {
    options.partitions[flags.topics.front()] = flags.partitions;
  }
  if (flags.from != "earliest" && flags.from != "latest") {
    return Status(Code::kInvalidArgument, "--from: wanted earliest or latest");
  }
  options.start = flags.from == "latest" ? InboxStart::kLatest : InboxStart::kEarliest;
  options.attempts_max = flags.attempts;
  options.dead_letter_topic = flags.dead_letter_topic;
  if (!flags.dead_letter_topic.empty()) options.on_failure = InboxFailure::kDeadLetter;
  options.logger = service::stderr_logger(config->log_level);
  return options;
}

/// Lets `count` messages through; 0 = all.
class Gate {
 public:
  explicit Gate(std::uint64_t count) : count_(count) {}
  bool enter() { return count_ == 0 || entered_.fetch_add(1) < count_; }
  /// It comes again.
  void failed() { --entered_; }
  void done() { ++done_; }
  std::uint64_t done_count() const { return done_; }
  bool over() const { return count_ > 0 && done_ >= count_; }

 private:
  const std::uint64_t count_;
  std::atomic<std::uint64_t> entered_ = 0;
  std::atomic<std::uint64_t> done_ = 0;
};

Status take(ConsumeSink& sink, Gate& gate, const Received& received) {
  if (!gate.enter()) return {Code::kClosed, "enough"};
  Status taken = sink.take(received);
  taken.ok() ? gate.done() : gate.failed();
  return taken;
}

/// A child that does not answer is killed when the time is over.
Status stop(Inbox& inbox, ConsumeSink& sink) {
  std::mutex mutex;
  std::condition_variable changed;
  bool stopped = false;
  std::thread watch([&] {
    std::unique_lock lock(mutex);
    if (!changed.wait_for(lock, kStopLimit, [&] { return stopped; })) sink.hurry();
  });
  const Status status = inbox.stop(kStopLimit);
  {
    const std::lock_guard lock(mutex);
    stopped = true;
    changed.notify_one();
  }
  watch.join();
  return status;
}

/// Null: nobody asked for it.
Result<std::unique_ptr<service::Listener>> listen(const std::string& address) {
  if (address.empty()) return std::unique_ptr<service::Listener>();
  const auto endpoint = service::parse_endpoint(address);
  if (!endpoint.ok()) return endpoint.status();
  return service::Listener::open(*endpoint);
}

Result<std::unique_ptr<service::HttpServer>> serve(std::unique_ptr<service::Listener> listener,
                                                   const Inbox& inbox, Log log) {
  if (listener == nullptr) return std::unique_ptr<service::HttpServer>();
  service::HttpOptions options;
  options.read_threads = 1;
  options.write_threads = 1;
  options.connections_max = kConnectionsMax;
  return service::HttpServer::start(
      std::move(listener), options,
      [&inbox](const service::HttpRequest& request) { return service::answer_for(inbox, request); },
      std::move(log));
}

int consume(const ConsumeFlags& flags) {
  auto options = options_of(flags);
  if (!options.ok()) return report(options.status(), Phase::kSetup);
  auto listener = listen(flags.listen);
  if (!listener.ok()) return report(listener.status(), Phase::kSetup);
  StopSignal signal;
  std::unique_ptr<ConsumeSink> sink;
  if (flags.exec.empty()) {
    sink = std::make_unique<PrintSink>();
  } else {
    sink = std::make_unique<ExecSink>(flags.exec);
  }
  Gate gate(flags.count);
  auto inbox = Inbox::start(
      *options, [&](const Received& received, rocksdb::WriteBatch& /*batch*/,
                    const InboxState& /*state*/) { return take(*sink, gate, received); });
  if (!inbox.ok()) return report(inbox.status(), Phase::kSetup);
  const auto server = serve(std::move(*listener), **inbox, options->logger);
  Status failure = server.ok() ? Status() : server.status();
  while (failure.ok() && !gate.over() && !signal.wait_for(kStep)) {
    failure = (*inbox)->health();
    if (failure.ok()) failure = sink->health();
  }
  const Status stopped = stop(**inbox, *sink);
  const InboxStats stats = (*inbox)->stats();
  if (!flags.quiet) {
    std::fprintf(stderr,
                 "outbox-relay: %llu consumed, %llu duplicates dropped, %llu dead letters\n",
                 static_cast<unsigned long long>(gate.done_count()),
                 static_cast<unsigned long long>(stats.duplicates),
                 static_cast<unsigned long long>(stats.dead_lettered));
  }
  return report(failure.ok() ? stopped : failure, Phase::kWork);
}

constexpr const char* kExamples =
    "Examples:\n"
    "  outbox-relay consume --bootstrap-servers B --topic orders --group billing\n"
    "  outbox-relay consume --bootstrap-servers B --topic orders --group billing --dir D \\\n"
    "      --exec 'python3 consume.py'\n"
    "Each message is a line of JSON, as peek --json shows it, with its offset. Without --exec it "
    "is\n"
    "done when it is printed. With --exec it goes to the command's standard input, and is done "
    "when\n"
    "the command prints the line ok; fail TEXT has it tried again. Duplicates of a relay are "
    "dropped.\n"
    "A message that goes on failing halts its partition, unless --dead-letter-topic is given.";

void add_options(CLI::App& command, ConsumeFlags& flags) {
  command
      .add_option("--bootstrap-servers", flags.bootstrap_servers,
                  "Kafka brokers, HOST:PORT[,HOST:PORT]...")
      ->type_name("VALUE");
  command.add_option("--topic", flags.topics, "May be repeated")
      ->type_name("TOPIC")
      ->required()
      ->allow_extra_args(false)
      ->take_all();
  command
      .add_option("--partition", flags.partitions,
                  "Take this one, whatever the group says; may be repeated")
      ->type_name("P")
      ->allow_extra_args(false)
      ->take_all();
  command.add_option("--group", flags.group, "Whose positions are kept")->required();
  command
      .add_option("--dir", flags.dir,
                  "Local store: positions and duplicates' numbers survive a crash exactly")
      ->type_name("DIR");
  auto* const exec = command.add_option("--exec", flags.exec, "Command that takes the messages")
                         ->type_name("COMMAND");
  command.add_flag("--ndjson", flags.ndjson, "Print them (the default)")->excludes(exec);
  command.add_option("--workers", flags.workers, "Messages at work at once, each key in order [1]")
      ->check(whole_number(1, InboxOptions::kWorkersMax));
  command.add_option("--from", flags.from, "Where nothing is known: earliest or latest [earliest]");
  command.add_option("--dead-letter-topic", flags.dead_letter_topic, "Takes what goes on failing");
  command.add_option(
      "--attempts", flags.attempts,
      "How often a failing message is tried before that [" + std::to_string(flags.attempts) + "]");
  command.add_option("--count", flags.count, "Stop after so many; default never")
      ->check(whole_number());
  command
      .add_option("--listen", flags.listen,
                  "Answer GET /metrics, /livez and /readyz there: unix:PATH or HOST:PORT")
      ->type_name("ADDRESS");
  command.add_flag("-q,--quiet", flags.quiet, "No summary");
  command.add_option("--log-level", flags.log_level, "debug, info, warn, error or off [warn]");
  command.add_option("-X", flags.kafka_flags, "librdkafka property; may be repeated")
      ->type_name("PROPERTY=VALUE")
      ->allow_extra_args(false)
      ->take_all();
}

}  // namespace

void add_consume(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("consume", "Read topics, drop duplicates, commit what is done");
  command->footer(kExamples);
  auto flags = std::make_shared<ConsumeFlags>();
  add_options(*command, *flags);
  command->callback([&context, flags] { context.action = [flags] { return consume(*flags); }; });
}

}  // namespace outbox::cli

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/doctor_text.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "kafka/admin.h"
#include "kafka/client_facts.h"
#include "service/open_access.h"

namespace outbox::cli {
namespace {

using kafka::Finding;
using kafka::Severity;
using service::Scope;

struct DoctorOptions {
  std::vector<std::string> topics;
  std::string create_topic;
  int partitions = 0;
  bool json = false;
};

int exit_code_of(Severity severity) {
  switch (severity) {
    case Severity::kFailure:
      return kExitUnsafe;
    case Severity::kUnverified:
      return kExitUnverified;
    case Severity::kWarning:
      return kExitWarnings;
    case Severity::kNote:
    case Severity::kOk:
      break;
  }
  return kExitOk;
}

/// A topic that passes.
kafka::TopicPlan plan_of(const DoctorOptions& options, const kafka::ClientFacts& client) {
  kafka::TopicPlan plan;
  plan.name = options.create_topic;
  plan.partitions = options.partitions;
  plan.replication_factor = static_cast<int>(kafka::kReplicasMin);
  plan.configs = {
      {"min.insync.replicas", std::to_string(kafka::kInSyncMin)},
      {"unclean.leader.election.enable", "false"},
      {"max.message.bytes", std::to_string(client.message_bytes_max + kafka::kRecordOverheadBytes)},
  };
  return plan;
}

void add_once(std::vector<std::string>& topics, const std::string& topic) {
  if (std::ranges::find(topics, topic) == topics.end()) topics.push_back(topic);
}

/// What the outbox knows of the topics; all of its topics where none was named.
Result<Stats> stats_of(const service::Config& config) {
  if (config.dir.empty()) return Stats();
  auto access = service::open_access(config, service::Intent::kRead);
  if (!access.ok()) return access.status();
  return (*access)->stats();
}

void remember(kafka::ClusterFacts& facts, const Stats& stats) {
  for (kafka::TopicFacts& topic : facts.topics) {
    const auto lane = std::ranges::find(stats.lanes, topic.name, &LaneStats::topic);
    if (lane == stats.lanes.end()) continue;
    topic.recorded_partitions = lane->partitions;
    topic.oldest_age_ms = lane->ledger.pending > 0 ? lane->oldest_age_ms : 0;
  }
}

std::vector<Finding> judge(const kafka::ClusterFacts& facts, const kafka::ClientFacts& client) {
  std::vector<Finding> out = kafka::judge_cluster(facts, client);
  for (const kafka::TopicFacts& topic : facts.topics) {
    const std::vector<Finding> found = kafka::judge_topic(topic, facts, client);
    out.insert(out.end(), found.begin(), found.end());
  }
  const std::vector<Finding> ours = kafka::judge_client(client);
  out.insert(out.end(), ours.begin(), ours.end());
  return out;
}

int doctor(const Settings& settings, DoctorOptions options) {
  const auto config = settings.load();
  if (!config.ok()) return report(config.status(), Phase::kSetup);
  auto client = kafka::client_facts(config->relay,
                                    static_cast<std::int64_t>(config->store.message_bytes_max));
  if (Status status = kafka::read_properties(config->relay, client); !status.ok()) {
    return report(status, Phase::kSetup);
  }
  const auto stats = stats_of(*config);
  if (!stats.ok()) return report(stats.status(), Phase::kSetup);
  auto admin = kafka::Admin::make(config->relay);
  if (!admin.ok()) return report(admin.status(), Phase::kSetup);
  if (options.topics.empty()) {
    for (const LaneStats& lane : stats->lanes) add_once(options.topics, lane.topic);
  }
  if (!options.create_topic.empty()) {
    const Status made = (*admin)->create(plan_of(options, client));
    if (!made.ok()) return report(made, Phase::kWork);
    add_once(options.topics, options.create_topic);
  }
  auto facts = (*admin)->describe(options.topics);
  if (!facts.ok()) return report(facts.status(), Phase::kWork);
  remember(*facts, *stats);
  const std::vector<Finding> findings = judge(*facts, client);
  const Status printed =
      print(options.json ? doctor_for_programs(*facts, findings) : doctor_for_people(findings));
  if (!printed.ok()) return report(printed, Phase::kWork);
  const std::string summary = doctor_summary(findings);
  if (!summary.empty()) std::fprintf(stderr, "outbox-relay: %s\n", summary.c_str());
  return exit_code_of(kafka::worst(findings));
}

constexpr const char* kExamples =
    "Examples:\n"
    "  outbox-relay doctor --bootstrap-servers kafka1:9092 --topic orders --topic bills\n"
    "  outbox-relay doctor --bootstrap-servers B --dir /var/lib/outbox    # the outbox's topics\n"
    "  outbox-relay doctor --bootstrap-servers B --topic orders --json |\n"
    "      jq -r '.findings[] | select(.severity == \"failure\") | .fix'\n"
    "  outbox-relay doctor --bootstrap-servers B --create-topic orders --partitions 6\n"
    "Exit code 0: all is well; 10: warnings; 11: something could not be verified; 12: confirmed\n"
    "messages can be lost. It changes nothing but for --create-topic. What is judged, and why:\n"
    "docs/preflight.md.";

}  // namespace

void add_doctor(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("doctor", "Check whether the cluster can lose what it confirms");
  command->footer(kExamples);
  auto options = std::make_shared<DoctorOptions>();
  command->add_option("--topic", options->topics, "A topic to check; may be repeated")
      ->type_name("TOPIC")
      ->allow_extra_args(false)
      ->take_all();
  CLI::Option* partitions =
      command->add_option("--partitions", options->partitions, "Of --create-topic")
          ->type_name("N")
          ->check(CLI::Range(1, 100'000));
  CLI::Option* create =
      command->add_option("--create-topic", options->create_topic, "Make a topic that passes")
          ->type_name("TOPIC");
  create->needs(partitions);
  partitions->needs(create);
  command->add_flag("--json", options->json, "One JSON object");
  service::Config base;
  base.log_level = "error";
  const Settings settings(*command, {Scope::kCommon, Scope::kRelay}, base,
                          Settings::Dir::kOptional);
  command->callback([&context, settings, options] {
    context.action = [settings, options] { return doctor(settings, *options); };
  });
}

}  // namespace outbox::cli

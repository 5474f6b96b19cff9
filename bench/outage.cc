// What is lost when Kafka is away and the process is killed? Messages come at a
// steady rate; all brokers freeze, or are killed; then the process is killed
// with SIGKILL; the brokers come back; the process comes back and sends what it
// has. The topic is read back by another client.

#include <cstdlib>
#include <map>
#include <thread>

#include "bench_topics.h"
#include "kafka_flags.h"
#include "measure.h"
#include "read_back.h"
#include "rsyslog.h"
#include "victim.h"
#include "warm_brokers.h"

namespace outbox::bench {
namespace {

/// Commands that take the brokers away and bring them back. Frozen ones answer
/// nothing, yet the kernel takes what is sent to them, up to its buffers; killed
/// ones refuse at once.
struct Away {
  std::string begin;
  std::string end;
};

struct Flags : KafkaFlags {
  Flags() { repeats = 1; }
  std::map<std::string, Away> ways{{"frozen", {}}, {"killed", {}}};
  Offer offer;
  double seconds = 3;  ///< before the outage
  double outage_seconds = 1.5;
  double quiet_seconds = 15;  ///< nothing new for so long: the rest is lost
  std::vector<std::string> victims{"outbox", "naive", "sqlite", "rsyslog-synced", "rsyslog"};
};

struct Result {
  std::uint64_t accepted = 0;
  std::uint64_t accepted_in_outage = 0;
  std::uint64_t lost = 0;
  std::uint64_t repeated = 0;
};

void must_run(const std::string& command) {
  if (std::system(command.c_str()) != 0) die(command + " failed");
}

void wait_seconds(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

bool is_rsyslog(const std::string& victim) { return victim.starts_with("rsyslog"); }

std::unique_ptr<Victim> make_victim(const std::string& name, const Site& site, const Offer& offer) {
  if (is_rsyslog(name)) return rsyslog_victim(site, offer, name == "rsyslog-synced");
  return hosted_victim(name, site, offer);
}

Result outage(const Flags& flags, const std::string& name, const Away& away) {
  const RelayOptions options = flags.relay_options();
  const BenchTopics topic(options, "bench-outage", 1, flags.partitions);
  const auto dir = std::filesystem::absolute(flags.dir);
  std::filesystem::remove_all(dir);
  std::filesystem::create_directories(dir);
  const auto victim =
      make_victim(name, {dir, options, topic.name(), topic.partitions()}, flags.offer);
  wait_seconds(flags.seconds);
  Result result;
  must_run(away.begin);
  const std::uint64_t before = victim->accepted();
  wait_seconds(flags.outage_seconds);
  result.accepted = victim->kill();
  must_run(away.end);
  if (before == 0) die(name + " accepted nothing before the outage");
  result.accepted_in_outage = result.accepted - before;
  victim->restart();
  ReadBack back(options, topic);
  back.until(result.accepted, std::chrono::duration<double>(flags.quiet_seconds));
  result.lost = back.missing();
  result.repeated = back.repeated();
  return result;
}

Row measure(const Flags& flags, const std::string& name, const std::string& way) {
  Row row;
  row.set("victim", name).set("brokers", way).set("bytes", std::uint64_t{flags.offer.value_bytes});
  if (is_rsyslog(name) && !Rsyslog::installed()) {
    return row.set("not_run", "rsyslog and rsyslog-kafka are not installed");
  }
  Result all;
  for (int i = 0; i < flags.repeats; ++i) {
    const Result one = outage(flags, name, flags.ways.at(way));
    all.accepted += one.accepted;
    all.accepted_in_outage += one.accepted_in_outage;
    all.lost += one.lost;
    all.repeated += one.repeated;
  }
  return row.set("offered_per_s", flags.offer.per_second)
      .set("n", static_cast<std::uint64_t>(flags.repeats))
      .set("accepted", all.accepted)
      .set("in_the_outage", all.accepted_in_outage)
      .set("lost", all.lost)
      .set("repeated", all.repeated);
}

void run(const Flags& flags) {
  warm_brokers(flags);
  Report report("outage");
  for (const auto& [way, commands] : flags.ways) {
    for (const std::string& victim : flags.victims) report.add(measure(flags, victim, way));
  }
  report.print_table();
  std::filesystem::remove_all(flags.dir);
}

}  // namespace
}  // namespace outbox::bench

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == outbox::bench::kHostCommand) {
    outbox::bench::host(argc, argv);
  }
  outbox::bench::Flags flags;
  CLI::App app{"Accepted and lost, when the process is killed while the brokers are frozen"};
  flags.add_to(app);
  auto& frozen = flags.ways["frozen"];
  auto& killed = flags.ways["killed"];
  app.add_option("--freeze", frozen.begin, "command that freezes the brokers")->required();
  app.add_option("--thaw", frozen.end, "command that lets them go on")->required();
  app.add_option("--kill", killed.begin, "command that kills the brokers")->required();
  app.add_option("--restart", killed.end, "command that starts them again")->required();
  app.add_option("--victims", flags.victims)->delimiter(',');
  app.add_option("--value-bytes", flags.offer.value_bytes);
  app.add_option("--rate", flags.offer.per_second, "messages a second that are offered");
  app.add_option("--seconds", flags.seconds, "before the outage");
  app.add_option("--outage-seconds", flags.outage_seconds, "before the process is killed");
  app.add_option("--quiet-seconds", flags.quiet_seconds, "without news: the rest is lost");
  CLI11_PARSE(app, argc, argv);
  if (flags.quick) {
    flags.ways.erase("killed");
    flags.victims = {"outbox", "rsyslog"};
    flags.seconds = 1;
    flags.outage_seconds = 0.5;
    flags.quiet_seconds = 4;
  }
  outbox::bench::run(flags);
  return 0;
}

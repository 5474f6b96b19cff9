// Does a long backlog slow the drain down, or the start of the relay? With real brokers; every
// run is a process of its own.

#include <signal.h>

#include <CLI/CLI.hpp>

#include "backlog_runs.h"
#include "kafka_flags.h"
#include "kept_topics.h"
#include "measure.h"
#include "own_process.h"
#include "process.h"
#include "report.h"
#include "warm_brokers.h"

namespace outbox::bench {
namespace {

struct Flags : KafkaFlags {
  Flags() { repeats = 5; }
  std::string only;
  std::uint64_t entries = 50'000'000;
  std::uint64_t drained = 1'000'000;
  std::size_t value_bytes = 100;
  std::uint64_t restart_mb = 10'000;
  std::size_t restart_value_bytes = 1'024;
  std::uint64_t before_kill_mb = 300;
};

class Bench {
 public:
  explicit Bench(const Flags& flags) : flags_(flags), options_(flags.relay_options()) {}
  void drains(Report& report);
  void restarts(Report& report);

 private:
  std::uint64_t few_entries() const;
  DrainRate drain_fresh(const std::string& topic);
  Row drain_row(const char* what, std::uint64_t pending, const std::vector<DrainRate>& runs,
                double append_rss_mb);
  void restart_row(Report& report, const char* closed, const char* cache);

  const Flags flags_;
  const RelayOptions options_;
};

/// A little more is pending than is drained: at the end of either side the relay has a window of
/// further messages in its hands, which cost it the same.
std::uint64_t Bench::few_entries() const { return flags_.drained + flags_.drained / 5; }

DrainRate Bench::drain_fresh(const std::string& topic) {
  const std::filesystem::path dir = flags_.dir + "/short";
  std::filesystem::create_directories(dir);
  const Fill few{few_entries(), flags_.value_bytes, 1, topic};
  in_child([&] { return append_backlog(dir, few); });
  const DrainRate rate = in_child([&] { return drain_first(dir, options_, flags_.drained); });
  std::filesystem::remove_all(dir);
  return rate;
}

Row Bench::drain_row(const char* what, std::uint64_t pending, const std::vector<DrainRate>& runs,
                     double append_rss_mb) {
  Row row;
  row.set("what", what)
      .set("pending", pending)
      .set("drained", flags_.drained)
      .set("n", std::uint64_t{runs.size()});
  set_spread(row, "drain_per_s", column(runs, &DrainRate::per_second));
  row.set("cpu_us", median_of(runs, &DrainRate::cpu_us))
      .set("rss_mb", median_of(runs, &DrainRate::rss_mb))
      .set("append_rss_mb", append_rss_mb)
      .set("rebuilds", median_of(runs, &DrainRate::rebuilds));
  return row;
}

void Bench::drains(Report& report) {
  const KeptTopics topic(options_, "bench-backlog-drain", 1, flags_.partitions);
  const std::filesystem::path dir = flags_.dir + "/long";
  std::filesystem::create_directories(dir);
  const Fill all{flags_.entries, flags_.value_bytes, 1, topic.name()};
  const double append_rss_mb = in_child([&] { return append_backlog(dir, all); });
  in_child([&] {
    warm_brokers(flags_);
    return true;
  });
  std::vector<DrainRate> many;
  std::vector<DrainRate> few;
  std::vector<double> ratios;
  // Both sides take turns; the long one becomes a little shorter each time.
  for (int i = 0; i < flags_.repeats; ++i) {
    if (i % 2 != 0) few.push_back(drain_fresh(topic.name()));
    many.push_back(in_child([&] { return drain_first(dir, options_, flags_.drained); }));
    if (i % 2 == 0) few.push_back(drain_fresh(topic.name()));
    ratios.push_back(many.back().per_second / few.back().per_second);
  }
  std::filesystem::remove_all(dir);
  report.add(drain_row("few", few_entries(), few, 0));
  report.add(drain_row("many", flags_.entries, many, append_rss_mb));
  Row row;
  row.set("what", "ratio").set("n", static_cast<std::uint64_t>(flags_.repeats));
  set_ratio(row, ratios);
  report.add(std::move(row));
}

double wal_mb(const std::filesystem::path& dir) {
  std::uintmax_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(dir)) {
    if (file.path().extension() == ".log") bytes += file.file_size();
  }
  return static_cast<double>(bytes) / 1e6;
}

void Bench::restart_row(Report& report, const char* closed, const char* cache) {
  const double wal = wal_mb(flags_.dir);
  const Restart times = in_child([&] { return restart(flags_.dir, options_); });
  Row row;
  row.set("what", "restart")
      .set("pending_mb", flags_.restart_mb)
      .set("closed", closed)
      .set("files", cache)
      .set("wal_mb", wal)
      .set("looked_ms", times.looked_ms)
      .set("opened_ms", times.opened_ms)
      .set("read_ms", times.read_ms)
      .set("connected_ms", times.connected_ms)
      .set("handed_out_ms", times.handed_out_ms)
      .set("reported_ms", times.reported_ms)
      .set("open_cpu_ms", times.open_cpu_ms)
      .set("rss_mb", times.rss_mb);
  report.add(std::move(row));
}

void Bench::restarts(Report& report) {
  const KeptTopics topic(options_, "bench-backlog-restart", 1, flags_.partitions);
  std::filesystem::remove_all(flags_.dir);
  Fill what{flags_.restart_mb * 1'000'000 / flags_.restart_value_bytes, flags_.restart_value_bytes,
            1, topic.name()};
  in_child([&] { return append_backlog(flags_.dir, what); });
  const auto append_and_kill = [&] {
    what.entries = flags_.before_kill_mb * 1'000'000 / flags_.restart_value_bytes;
    in_killed_child([&] {
      const auto store = value_of(store::Store::open(flags_.dir, Options{}));
      fill(*store, what);
      raise(SIGKILL);
    });
  };
  for (int i = 0; i < flags_.repeats; ++i) {
    restart_row(report, "clean", "cached");
    forget_cached(flags_.dir);
    restart_row(report, "clean", "not cached");
    append_and_kill();
    restart_row(report, "kill -9", "cached");
    append_and_kill();
    forget_cached(flags_.dir);
    restart_row(report, "kill -9", "not cached");
  }
  std::filesystem::remove_all(flags_.dir);
}

void run(const Flags& flags) {
  std::filesystem::remove_all(flags.dir);
  Report report("backlog");
  Bench bench(flags);
  if (std::string("drain").starts_with(flags.only)) bench.drains(report);
  if (std::string("restart").starts_with(flags.only)) bench.restarts(report);
  report.print_table();
}

}  // namespace
}  // namespace outbox::bench

int main(int argc, char** argv) {
  outbox::bench::Flags flags;
  CLI::App app{
      "The drain with a long backlog beside a short one, and the time to the first message "
      "after a restart"};
  flags.add_to(app);
  app.add_option("--only", flags.only, "drain or restart, or how they begin");
  app.add_option("--entries", flags.entries, "of the long backlog");
  app.add_option("--drained", flags.drained, "of either backlog; the short one has a fifth more");
  app.add_option("--value-bytes", flags.value_bytes);
  app.add_option("--restart-mb", flags.restart_mb, "pending when the outbox is opened");
  app.add_option("--restart-value-bytes", flags.restart_value_bytes);
  app.add_option("--before-kill-mb", flags.before_kill_mb, "appended before a kill -9");
  CLI11_PARSE(app, argc, argv);
  if (flags.quick) {
    flags.entries = 200'000;
    flags.drained = 20'000;
    flags.restart_mb = 150;  // each restart may deliver what is in flight, 32 MiB
    flags.before_kill_mb = 20;
    flags.repeats = 1;
  }
  outbox::bench::run(flags);
  return 0;
}

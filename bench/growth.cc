// What do an append, and reading it back, cost when there is more of everything: backlog, bytes,
// topics, threads? Without Kafka; every point in a process of its own.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>

#include "append_threads.h"
#include "backlog_fill.h"
#include "dir_flag.h"
#include "measure.h"
#include "own_process.h"
#include "process.h"
#include "report.h"
#include "store_drain.h"

namespace outbox::bench {
namespace {

constexpr double kMega = 1e6;

struct Flags {
  std::string dir = "bench-growth";
  std::string only;
  std::uint64_t entries_max = 50'000'000;
  std::uint64_t megabytes = 200;  ///< of a point that varies the size of messages
  std::uint64_t once_above = 5'000'000;
  double seconds = 1.5;  ///< of a point that varies the threads
  int repeats = 3;
  bool quick = false;
};

/// One point of a curve: `x` is what varies, everything else as in Fill.
struct Point {
  std::string sweep;
  std::uint64_t x = 0;
  Fill fill;
  int threads = 0;  ///< blocking appends instead of append_async
};

struct Figures {
  double append_per_s = 0;
  double append_us = 0;  ///< of CPU, all threads, a message
  double append_rss_mb = 0;
  double read_per_s = 0;
  double read_us = 0;
  double read_bytes = 0;  ///< from files, a message
  double read_rss_mb = 0;
};

std::vector<Point> points(const Flags& flags) {
  std::vector<Point> all;
  for (const std::uint64_t entries :
       {1'000UL, 10'000UL, 100'000UL, 1'000'000UL, 10'000'000UL, 50'000'000UL}) {
    if (entries <= flags.entries_max) all.push_back({"backlog", entries, {.entries = entries}});
  }
  for (const std::size_t bytes : {10UL, 100UL, 1'024UL, 10'240UL, 102'400UL, 1'048'576UL}) {
    const std::uint64_t entries = std::min(flags.entries_max, flags.megabytes * 1'000'000 / bytes);
    all.push_back({"bytes", bytes, {.entries = entries, .value_bytes = bytes}});
  }
  for (const std::uint32_t topics : {1U, 10U, 100U, 1'000U, 10'000U}) {
    const std::uint64_t entries = std::min<std::uint64_t>(flags.entries_max, 1'000'000);
    all.push_back({"topics", topics, {.entries = entries, .topics = topics}});
  }
  for (const int threads : {1, 2, 4, 8, 16, 32, 64, 128, 256}) {
    all.push_back({"threads", static_cast<std::uint64_t>(threads), {}, threads});
  }
  std::erase_if(all, [&](const Point& point) { return !point.sweep.starts_with(flags.only); });
  return all;
}

/// Returns how many messages were appended.
std::uint64_t append(store::Store& store, const Flags& flags, const Point& point) {
  if (point.threads == 0) {
    fill(store, point.fill);
    return point.fill.entries;
  }
  Message message;
  message.topic = point.fill.topic;
  message.value = random_text(point.fill.value_bytes);
  std::atomic<std::uint64_t> appended{0};
  drive(point.threads, flags.seconds, 1, [&] {
    must(store.append(message, {}));
    appended.fetch_add(1, std::memory_order_relaxed);
  });
  return appended;
}

Figures measure(const Flags& flags, const Point& point) {
  std::filesystem::remove_all(flags.dir);
  Figures figures;
  {
    const auto store = value_of(store::Store::open(flags.dir, Options{}));
    const StopWatch appending;
    double cpu = cpu_seconds();
    const auto count = static_cast<double>(append(*store, flags, point));
    figures.append_per_s = count / appending.seconds();
    figures.append_us = (cpu_seconds() - cpu) * kMega / count;
    figures.append_rss_mb = static_cast<double>(memory().peak_bytes) / kMega;
    restart_memory_peak();
    cpu = cpu_seconds();
    const std::uint64_t read_before = read_bytes();
    StoreDrain drain(*store);
    const StopWatch reading;
    const auto settled = static_cast<double>(drain.drain_backlog());
    figures.read_per_s = settled / reading.seconds();
    figures.read_us = (cpu_seconds() - cpu) * kMega / settled;
    figures.read_bytes = static_cast<double>(read_bytes() - read_before) / settled;
    figures.read_rss_mb = static_cast<double>(memory().peak_bytes) / kMega;
    if (settled != count) die("not everything was read back");
  }
  std::filesystem::remove_all(flags.dir);
  return figures;
}

Row row_of(const Flags& flags, const Point& point) {
  const bool once = point.fill.entries > flags.once_above;
  std::vector<Figures> runs;
  for (int i = 0; i < (once ? 1 : flags.repeats); ++i) {
    runs.push_back(in_child([&] { return measure(flags, point); }));
  }
  Row row;
  row.set("sweep", point.sweep).set("x", point.x).set("n", std::uint64_t{runs.size()});
  set_spread(row, "append_per_s", column(runs, &Figures::append_per_s));
  row.set("append_us", median_of(runs, &Figures::append_us))
      .set("append_rss_mb", median_of(runs, &Figures::append_rss_mb));
  set_spread(row, "read_per_s", column(runs, &Figures::read_per_s));
  row.set("read_us", median_of(runs, &Figures::read_us))
      .set("read_bytes", median_of(runs, &Figures::read_bytes))
      .set("read_rss_mb", median_of(runs, &Figures::read_rss_mb));
  return row;
}

void run(const Flags& flags) {
  Report report("growth");
  for (const Point& point : points(flags)) report.add(row_of(flags, point));
  report.print_table();
}

}  // namespace
}  // namespace outbox::bench

int main(int argc, char** argv) {
  outbox::bench::Flags flags;
  CLI::App app{"Appends and reads back, by backlog, bytes of a message, topics and threads"};
  outbox::bench::add_dir_flag(app, flags.dir);
  app.add_option("--only", flags.only, "backlog, bytes, topics or threads, or how they begin");
  app.add_option("--entries-max", flags.entries_max, "of one point");
  app.add_option("--megabytes", flags.megabytes, "of values in a point of `bytes`");
  app.add_option("--once-above", flags.once_above, "points with more entries are run once");
  app.add_option("--seconds", flags.seconds, "of a point of `threads`");
  app.add_option("--repeats", flags.repeats, "runs of each point; medians are printed");
  app.add_flag("--quick", flags.quick, "one short run each: does it still run?");
  CLI11_PARSE(app, argc, argv);
  if (flags.quick) {
    flags.entries_max = 20'000;
    flags.megabytes = 5;
    flags.seconds = 0.1;
    flags.repeats = 1;
  }
  outbox::bench::run(flags);
  return 0;
}

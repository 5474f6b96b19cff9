// How fast do messages become durable, and how does that compare with RocksDB
// alone? Outbox, RocksDB and a writer thread of a few lines take turns on the same directory.

#include <CLI/CLI.hpp>
#include <functional>

#include "append_sides.h"
#include "dir_flag.h"
#include "measure.h"
#include "value_sizes.h"

namespace outbox::bench {
namespace {

struct Flags {
  std::string dir = "bench-append";
  std::vector<std::size_t> value_bytes = kValueSizes;
  std::vector<int> threads{1, 8, 64};
  double seconds = 2;
  int repeats = 5;
  std::string only;
  bool quick = false;
};

struct Case {
  std::string name;
  std::uint64_t threads;
  std::function<Sample(const AppendLoad&)> outbox;
  std::function<Sample(const AppendLoad&)> rocksdb;
  std::function<Sample(const AppendLoad&)> bare{};  ///< not of all
};

std::vector<Case> cases(const Flags& flags) {
  std::vector<Case> all;
  for (const int threads : flags.threads) {
    all.push_back({"append", static_cast<std::uint64_t>(threads),
                   [threads](const AppendLoad& load) { return outbox_blocking(load, threads); },
                   [threads](const AppendLoad& load) { return rocksdb_blocking(load, threads); },
                   [threads](const AppendLoad& load) { return bare_blocking(load, threads); }});
  }
  all.push_back({"append_async", 1, outbox_async, rocksdb_batches});
  all.push_back({"append_batch", 1, outbox_batches, rocksdb_batches});
  std::erase_if(all, [&](const Case& one) { return !one.name.starts_with(flags.only); });
  return all;
}

Row measure(const Case& one, const AppendLoad& load, int repeats) {
  std::vector<std::function<Sample()>> sides{[&] { return one.outbox(load); },
                                             [&] { return one.rocksdb(load); }};
  if (one.bare) sides.emplace_back([&] { return one.bare(load); });
  const auto samples = alternate<Sample>(repeats, sides);
  Row row;
  row.set("what", one.name)
      .set("threads", one.threads)
      .set("bytes", std::uint64_t{load.value_bytes});
  set_sides(row, samples[0], samples[1]);
  if (one.bare) {
    row.set("bare_per_s", median_of(samples[2], &Sample::per_second));
    set_ratio(row, samples[0], samples[2], &Sample::per_second, "bare_");
  }
  return row;
}

void run(const Flags& flags) {
  Report report("append");
  for (const std::size_t value_bytes : flags.value_bytes) {
    AppendLoad load;
    load.value_bytes = value_bytes;
    load.seconds = flags.seconds;
    load.dir = flags.dir;
    for (const Case& one : cases(flags)) report.add(measure(one, load, flags.repeats));
  }
  report.print_table();
}

}  // namespace
}  // namespace outbox::bench

int main(int argc, char** argv) {
  outbox::bench::Flags flags;
  CLI::App app{"Appends to the outbox beside RocksDB's own synced writes"};
  outbox::bench::add_dir_flag(app, flags.dir);
  outbox::bench::add_value_bytes_flag(app, flags.value_bytes);
  app.add_option("--threads", flags.threads, "of the blocking appends")->delimiter(',');
  app.add_option("--seconds", flags.seconds, "of one run of one side");
  app.add_option("--repeats", flags.repeats, "runs of each side; medians are printed");
  app.add_option("--only", flags.only, "append, append_async or append_batch, or how they begin");
  app.add_flag("--quick", flags.quick, "one short run each: does it still run?");
  CLI11_PARSE(app, argc, argv);
  if (flags.quick) {
    flags.seconds = 0.3;
    flags.repeats = 1;
  }
  outbox::bench::run(flags);
  return 0;
}

// What becomes of appends on a disk whose fsync takes longer? Outbox and RocksDB take turns, both
// with each fsync of a file prolonged by the same time.

#include <CLI/CLI.hpp>
#include <chrono>
#include <functional>
#include <thread>

#include "dir_flag.h"
#include "measure.h"
#include "report.h"
#include "slow_outbox.h"
#include "watched_fs.h"

namespace outbox::bench {
namespace {

struct Flags {
  std::string dir = "bench-slow-fsync";
  std::vector<std::uint64_t> more_ms{0, 1, 5};
  std::vector<int> threads{1, 8, 64};
  std::size_t value_bytes = 1'024;
  double seconds = 2;
  int repeats = 3;
  bool quick = false;
};

class SlowSync : public FileEvents {
 public:
  explicit SlowSync(std::uint64_t more_ms) : more_(more_ms) {}
  void syncing(const std::string&) override {
    if (more_.count() > 0) std::this_thread::sleep_for(more_);
  }

 private:
  const std::chrono::milliseconds more_;
};

struct Case {
  const char* what;
  int threads;
  std::function<Sample()> outbox;
  std::function<Sample()> rocksdb;
};

std::vector<Case> cases(const Flags& flags, const AppendLoad& load) {
  std::vector<Case> all;
  for (const int threads : flags.threads) {
    all.push_back({"append", threads,
                   [load, threads] { return slow_outbox_blocking(load, threads); },
                   [load, threads] { return rocksdb_blocking(load, threads); }});
  }
  all.push_back({"append_async", 1, [load] { return slow_outbox_async(load); },
                 [load] { return rocksdb_batches(load); }});
  return all;
}

Row row_of(const Flags& flags, std::uint64_t more_ms, const Case& one) {
  const auto samples = alternate<Sample>(flags.repeats, {one.outbox, one.rocksdb});
  Row row;
  row.set("fsync_more_ms", more_ms)
      .set("what", one.what)
      .set("threads", static_cast<std::uint64_t>(one.threads))
      .set("bytes", std::uint64_t{flags.value_bytes});
  set_sides(row, samples[0], samples[1]);
  return row;
}

void run(const Flags& flags) {
  Report report("slow_fsync");
  for (const std::uint64_t more_ms : flags.more_ms) {
    SlowSync slow(more_ms);
    const auto env = make_watched_env(slow);
    const AppendLoad load{flags.value_bytes, flags.seconds, flags.dir, env.get()};
    for (const Case& one : cases(flags, load)) report.add(row_of(flags, more_ms, one));
  }
  std::filesystem::remove_all(flags.dir);
  report.print_table();
}

}  // namespace
}  // namespace outbox::bench

int main(int argc, char** argv) {
  outbox::bench::Flags flags;
  CLI::App app{"Appends with each fsync taking longer, beside RocksDB's own synced writes"};
  outbox::bench::add_dir_flag(app, flags.dir);
  app.add_option("--more-ms", flags.more_ms, "added to each fsync of a file")->delimiter(',');
  app.add_option("--threads", flags.threads, "of the blocking appends")->delimiter(',');
  app.add_option("--value-bytes", flags.value_bytes);
  app.add_option("--seconds", flags.seconds, "of one run of one side");
  app.add_option("--repeats", flags.repeats, "runs of each side; medians are printed");
  app.add_flag("--quick", flags.quick, "one short run each: does it still run?");
  CLI11_PARSE(app, argc, argv);
  if (flags.quick) {
    flags.seconds = 0.2;
    flags.repeats = 1;
  }
  outbox::bench::run(flags);
  return 0;
}

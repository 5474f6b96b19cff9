// How many bytes does the store write for each byte that it is given? By kind of file, as the
// store hands them to the file system, and as the kernel counts what it sends to the disk.

#include <pthread.h>

#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <string_view>

#include "backlog_fill.h"
#include "dir_flag.h"
#include "measure.h"
#include "own_process.h"
#include "process.h"
#include "report.h"
#include "store_drain.h"
#include "watched_fs.h"

namespace outbox::bench {
namespace {

constexpr double kMega = 1e6;

struct Flags {
  std::string dir = "bench-amplification";
  std::vector<std::uint32_t> topics{1, 100};
  std::size_t value_bytes = 1'024;
  std::uint64_t short_mb = 2'000;
  std::uint64_t long_mb = 4'000;
  int repeats = 3;
  bool quick = false;
};

/// Bytes written, by what they are for.
struct Written {
  double wal = 0;
  double flush = 0;       ///< memtables, of entries and of meta
  double compaction = 0;  ///< merges, and giving space back
  double other = 0;       ///< MANIFEST, durable tail, OPTIONS, ...
  double disk = 0;        ///< all of them, in whole pages: /proc/self/io
  double total() const { return wal + flush + compaction + other; }
};

/// RocksDB flushes on threads it calls rocksdb:high, and compacts on rocksdb:low.
class Meter : public FileEvents {
 public:
  void appending(const std::string& path, std::uint64_t bytes) override {
    kind_of(path).fetch_add(bytes, std::memory_order_relaxed);
  }
  Written per_byte(double user_bytes) const {
    const auto of = [&](const std::atomic<std::uint64_t>& bytes) {
      return static_cast<double>(bytes.load()) / user_bytes;
    };
    return {of(wal_), of(flush_), of(compaction_), of(other_), 0};
  }

 private:
  std::atomic<std::uint64_t>& kind_of(const std::string& path) {
    if (path.ends_with(".log")) return wal_;
    if (!path.ends_with(".sst")) return other_;
    std::array<char, 32> name{};
    pthread_getname_np(pthread_self(), name.data(), name.size());
    return std::string_view(name.data()).starts_with("rocksdb:low") ? compaction_ : flush_;
  }

  std::atomic<std::uint64_t> wal_{0};
  std::atomic<std::uint64_t> flush_{0};
  std::atomic<std::uint64_t> compaction_{0};
  std::atomic<std::uint64_t> other_{0};
};

/// One run, from the empty directory to the drained and closed store.
Written measure(const Flags& flags, const Fill& what, bool at_once) {
  std::filesystem::remove_all(flags.dir);
  Meter meter;
  const auto env = make_watched_env(meter);
  const std::uint64_t before = written_bytes();
  {
    const auto store = value_of(store::Store::open(flags.dir, Options{}, {env.get(), nullptr}));
    StoreDrain drain(*store);
    if (at_once) drain.follow();
    fill(*store, what);
    if (!at_once) drain.drain_backlog();
  }
  const auto user_bytes = static_cast<double>(what.user_bytes());
  Written written = meter.per_byte(user_bytes);
  written.disk = static_cast<double>(written_bytes() - before) / user_bytes;
  std::filesystem::remove_all(flags.dir);
  return written;
}

Row row_of(const Flags& flags, std::uint32_t topics, bool at_once) {
  Fill what;
  what.topics = topics;
  what.value_bytes = flags.value_bytes;
  what.entries = (at_once ? flags.short_mb : flags.long_mb) * 1'000'000 / flags.value_bytes;
  std::vector<Written> runs;
  for (int i = 0; i < flags.repeats; ++i) {
    runs.push_back(in_child([&] { return measure(flags, what, at_once); }));
  }
  Row row;
  row.set("backlog", at_once ? "short" : "long")
      .set("topics", std::uint64_t{topics})
      .set("bytes", std::uint64_t{flags.value_bytes})
      .set("user_mb", static_cast<double>(what.user_bytes()) / kMega)
      .set("n", static_cast<std::uint64_t>(flags.repeats))
      .set("wal", median_of(runs, &Written::wal))
      .set("flush", median_of(runs, &Written::flush))
      .set("compaction", median_of(runs, &Written::compaction))
      .set("other", median_of(runs, &Written::other));
  set_spread(row, "wa", column(runs, &Written::total));
  row.set("disk", median_of(runs, &Written::disk));
  return row;
}

void run(const Flags& flags) {
  Report report("amplification");
  for (const bool at_once : {true, false}) {
    for (const std::uint32_t topics : flags.topics) report.add(row_of(flags, topics, at_once));
  }
  report.print_table();
}

}  // namespace
}  // namespace outbox::bench

int main(int argc, char** argv) {
  outbox::bench::Flags flags;
  CLI::App app{
      "Bytes written per byte appended; short backlog: drained at once; long: all of it "
      "pending, then drained"};
  outbox::bench::add_dir_flag(app, flags.dir);
  app.add_option("--topics", flags.topics)->delimiter(',');
  app.add_option("--value-bytes", flags.value_bytes)->check(CLI::PositiveNumber);
  app.add_option("--short-mb", flags.short_mb, "appended in a run that is drained at once");
  app.add_option("--long-mb", flags.long_mb, "pending before the drain begins");
  app.add_option("--repeats", flags.repeats, "runs; medians are printed");
  app.add_flag("--quick", flags.quick, "one short run each: does it still run?");
  CLI11_PARSE(app, argc, argv);
  if (flags.quick) {
    flags.short_mb = 50;
    flags.long_mb = 80;
    flags.repeats = 1;
  }
  outbox::bench::run(flags);
  return 0;
}

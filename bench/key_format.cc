// Which key, and which options with it? Write amplification, space given back
// and drain rate of the candidates; see docs/bench/key-format.md.

#include <CLI/CLI.hpp>
#include <algorithm>

#include "dir_flag.h"
#include "key_format_run.h"
#include "report.h"

namespace outbox::bench {
namespace {

struct Flags {
  std::string dir = "bench-key-format";
  double backlog_gb = 2;
  std::size_t value_bytes = 1024;
  std::vector<std::uint32_t> lanes{1, 10, 1'000};
  std::vector<std::string> only{""};
  bool quick = false;
};

Row row_of(const Candidate& candidate, const Load& load, const Outcome& out) {
  Row row;
  row.set("candidate", candidate.name)
      .set("lanes", std::uint64_t{load.lanes})
      .set("stuck", load.one_in_ten_stuck ? "1 in 10" : "none")
      .set("wal", out.wal)
      .set("flush", out.flush)
      .set("compact", out.compaction)
      .set("reclaim", out.reclaim)
      .set("wa", out.wal + out.flush + out.compaction + out.reclaim)
      .set("append_mb_s", out.append_mb_s)
      .set("drain_mb_s", out.drain_mb_s)
      .set("files", out.files_max)
      .set("full_mb", out.sst_full_mb)
      .set("half_mb", out.sst_half_mb)
      .set("drained_mb", out.sst_drained_mb)
      .set("must_stay_mb", out.pinned_mb);
  return row;
}

bool chosen(const Candidate& candidate, const Flags& flags) {
  return std::any_of(flags.only.begin(), flags.only.end(),
                     [&](const std::string& start) { return candidate.name.starts_with(start); });
}

void run_all(const Flags& flags) {
  Report report("key_format");
  for (const std::uint32_t lanes : flags.lanes) {
    for (const bool stuck : {false, true}) {
      if (stuck && lanes == 1) continue;
      for (const Candidate& candidate : candidates()) {
        if (!chosen(candidate, flags)) continue;
        Load load;
        load.lanes = lanes;
        load.value_bytes = flags.value_bytes;
        load.backlog_bytes = static_cast<std::uint64_t>(flags.backlog_gb * 1e9);
        load.one_in_ten_stuck = stuck;
        report.add(row_of(candidate, load, run(candidate, load, flags.dir)));
      }
    }
  }
  report.print_table();
}

}  // namespace
}  // namespace outbox::bench

int main(int argc, char** argv) {
  outbox::bench::Flags flags;
  CLI::App app{"Measures the candidates for the store's key"};
  outbox::bench::add_dir_flag(app, flags.dir);
  app.add_option("--backlog-gb", flags.backlog_gb, "user bytes appended before the drain");
  app.add_option("--value-bytes", flags.value_bytes)->check(CLI::Range(16, 1 << 20));
  app.add_option("--lanes", flags.lanes)->delimiter(',');
  app.add_option("--only", flags.only, "candidates whose name starts so")->delimiter(',');
  app.add_flag("--quick", flags.quick, "100 MB and the shipped options only: does it still run?");
  CLI11_PARSE(app, argc, argv);
  if (flags.quick) {
    flags.backlog_gb = 0.1;
    flags.only = {"store"};
  }
  outbox::bench::run_all(flags);
  return 0;
}

#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "dir_flag.h"
#include "outbox/options.h"

namespace outbox::bench {

/// What every benchmark against brokers is told.
struct KafkaFlags {
  std::string dir;
  std::string bootstrap_servers;
  std::int32_t partitions = 6;
  int repeats = 3;
  double warm_seconds = 15;
  bool quick = false;  ///< one short run each: does it still run?

  void add_to(CLI::App& app) {
    app.add_option("--bootstrap-servers", bootstrap_servers)->required();
    add_dir_flag(app, dir)->required();
    app.add_option("--partitions", partitions, "of each topic");
    app.add_option("--repeats", repeats, "runs of each side; medians are printed");
    app.add_option("--warm-seconds", warm_seconds, "of sending before the first run");
    app.add_flag("--quick", quick, "one short run each: does it still run?");
  }
  RelayOptions relay_options() const {
    RelayOptions options;
    options.bootstrap_servers = bootstrap_servers;
    return options;
  }
};

}  // namespace outbox::bench

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "backlog_fill.h"
#include "outbox/options.h"

/// Single runs of bench_backlog. Each is one process's life: to be called in_child().
namespace outbox::bench {

struct DrainRate {
  double per_second = 0;
  double cpu_us = 0;  ///< of this process, a message
  double rss_mb = 0;  ///< at most
  std::uint64_t rebuilds = 0;
};

/// Opens the outbox, starts a relay and stops when it has delivered `count` messages. The clock
/// runs from the relay's start: connecting and its slow start are in the figure.
DrainRate drain_first(const std::filesystem::path& dir, const RelayOptions& options,
                      std::uint64_t count);

/// Where the time goes from opening an outbox to the first delivery report; each from the
/// beginning, in milliseconds.
struct Restart {
  double looked_ms = 0;      ///< damage looked for: WALs read, a first replay
  double opened_ms = 0;      ///< RocksDB open (its replay, what it held flushed), lanes read
  double read_ms = 0;        ///< the first entries read
  double connected_ms = 0;   ///< the relay started, the cluster has answered
  double handed_out_ms = 0;  ///< the first message is librdkafka's
  double reported_ms = 0;    ///< and Kafka has it
  double open_cpu_ms = 0;    ///< processor time until opened
  double rss_mb = 0;         ///< at most
};
Restart restart(const std::filesystem::path& dir, const RelayOptions& options);

/// Makes the outbox if need be and appends; returns the peak of memory in MB.
double append_backlog(const std::filesystem::path& dir, const Fill& what);

}  // namespace outbox::bench

#pragma once

#include <memory>
#include <string>

#include "outbox/relay.h"
#include "outbox/stats.h"

namespace outbox::service {

/// The relay's metrics in Prometheus' text format. Counters come from the
/// outbox itself (durable, so they survive a restart); only the append latency
/// is counted here. Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// An append over HTTP, from the request's end to the fsync.
  void observe_append(double seconds);
  /// `reopened`: how often the outbox was closed and opened again.
  std::string render(const Stats& stats, const RelayStats& relay, bool ready,
                     std::uint64_t reopened) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace outbox::service

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "bench_topics.h"
#include "outbox/options.h"
#include "rocks_alone.h"

namespace outbox::bench {

/// The least that RocksDB and librdkafka need for what an outbox does: each value is written and
/// synced before it is sent. There is no record around it, no check, no head, no order kept after
/// an error, and nothing is removed. So it is no outbox, but what one could reach.
class BareOutbox {
 public:
  /// The topics must outlive it.
  BareOutbox(RelayOptions options, const BenchTopics& topics, std::filesystem::path dir);

  /// A backlog of `count` values.
  void fill(const std::string& value, std::uint64_t count);
  /// One thread reads all of them in order and sends each, which librdkafka copies.
  void drain();
  /// One thread writes batches of 1,000, another one sends what is written, from memory.
  void stream(const std::string& value, std::uint64_t count);

 private:
  const RelayOptions options_;
  const BenchTopics& topics_;
  RocksAlone rocks_;
};

}  // namespace outbox::bench

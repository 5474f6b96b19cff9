#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "bench_topics.h"
#include "outbox/options.h"
#include "raw_kafka.h"
#include "rocks_alone.h"

namespace outbox::bench {

/// RocksDB and librdkafka with nothing of ours between them: each value is written and synced
/// before it is sent. There is no record around it, no check, no head, no order kept after an
/// error, and nothing is removed. So it is no outbox, but what the two libraries cost together.
class BareOutbox {
 public:
  /// The topics must outlive it.
  BareOutbox(RelayOptions options, const BenchTopics& topics, std::filesystem::path dir);

  /// A backlog of `count` values.
  void fill(const std::string& value, std::uint64_t count);
  /// Sends one value, and has its report.
  void connect();
  /// One thread reads them in order, to the last one or as long as `more()`, and sends each, which
  /// librdkafka copies; returns when all have their reports. Answers how many.
  std::uint64_t drain(const std::function<bool()>& more = [] { return true; });
  /// One thread writes `count` times `value` in batches, another one sends what is written, from
  /// `values`. Only after connect().
  void stream(const std::string& value, Values& values, std::uint64_t count);
  RocksAlone& rocks() { return rocks_; }

 private:
  const RelayOptions options_;
  const BenchTopics& topics_;
  RocksAlone rocks_;
  std::unique_ptr<RawProducer> producer_;
};

}  // namespace outbox::bench

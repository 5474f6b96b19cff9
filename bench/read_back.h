#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench_topics.h"
#include "kafka/rdkafka_ptr.h"

namespace outbox::bench {

/// Reads a topic from its beginning, and counts the numbers that a Feed gave out.
class ReadBack {
 public:
  ReadBack(const RelayOptions& options, const BenchTopics& topic);
  ~ReadBack();
  ReadBack(const ReadBack&) = delete;
  ReadBack& operator=(const ReadBack&) = delete;

  /// Until each number below `count` has come, or none came for so long.
  void until(std::uint64_t count, std::chrono::duration<double> quiet);
  std::uint64_t missing() const { return seen_.size() - distinct_; }
  /// How often a number came again.
  std::uint64_t repeated() const { return repeated_; }

 private:
  kafka::HandlePtr consumer_;
  std::vector<bool> seen_;
  std::uint64_t distinct_ = 0;
  std::uint64_t repeated_ = 0;
};

}  // namespace outbox::bench

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kafka/client.h"
#include "outbox/options.h"
#include "values.h"

namespace outbox::bench {

/// librdkafka as a service would use it without an outbox: the relay's own
/// settings, the same placement over the partitions, headers of the same
/// names and lengths, delivery reports as events. Nothing is stored. A message
/// that is refused, or reported without an offset, ends the program.
/// One thread may produce while another one takes the reports.
class RawProducer {
 public:
  /// Messages go to the topics in turn.
  RawProducer(const RelayOptions& options, const std::vector<std::string>& topics,
              std::int32_t partitions);

  /// Needed where topics are new: see bench_topics.h.
  void wait_for_leaders() const;

  enum class Copy { kNo, kYes };
  /// Produces what `next` gives until that is nothing, within the relay's in-flight budget; returns
  /// when each has its report. Answers how many.
  std::uint64_t produce_from(const std::function<std::optional<std::string_view>()>& next,
                             Copy copy);
  /// The same of `values` in turn, which librdkafka need not copy, as long as `more()`, or
  /// `count` times.
  std::uint64_t produce_while(Values& values, const std::function<bool()>& more);
  void produce_all(Values& values, std::uint64_t count);

  /// One message; without a copy `value` must stay until the report, which brings `opaque` back.
  void produce(std::string_view value, Copy copy, void* opaque = nullptr);
  /// Waits so long for reports, calls `each` with what they bring back, and answers how many.
  std::size_t take_reports(std::chrono::milliseconds timeout,
                           const std::function<void(void* opaque)>& each = {});
  /// Until each message has its report. Not beside another thread.
  void wait();

 private:
  struct Lane {
    kafka::TopicPtr topic;
    std::vector<std::uint64_t> prev;  ///< by partition
    std::uint64_t next = 1;
  };
  bool within_budget() const;
  void must_take_reports();

  const RelayOptions options_;
  const std::vector<std::string> topics_;
  const std::int32_t partitions_;
  const std::string session_;  ///< with the outbox's id, as outbox-id begins
  kafka::Client client_;
  std::vector<Lane> lanes_;
  std::size_t turn_ = 0;
  // Of the producing thread.
  std::uint64_t produced_ = 0;
  std::uint64_t produced_bytes_ = 0;
  // Of the thread that takes the reports.
  std::vector<const rd_kafka_message_t*> messages_;
  std::uint64_t reported_ = 0;
  std::uint64_t reported_bytes_ = 0;
};

}  // namespace outbox::bench

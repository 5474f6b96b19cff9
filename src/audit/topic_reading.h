#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "audit/topic_audit.h"
#include "audit/topic_reader.h"
#include "kafka/client.h"
#include "kafka/log_ends.h"
#include "outbox/message.h"
#include "outbox/status.h"

namespace outbox::audit {

/// The partitions of a topic, each from its first offset to the end that it had when run() began,
/// side by side. One thread.
class TopicReading {
 public:
  /// `audit` and `on_progress` must outlive it.
  TopicReading(kafka::Client client, std::string topic, TopicAudit& audit,
               const OnProgress& on_progress);
  ~TopicReading();
  TopicReading(const TopicReading&) = delete;
  TopicReading& operator=(const TopicReading&) = delete;

  /// Once.
  Status run(const std::vector<std::int32_t>& partitions);

 private:
  /// One partition that is being read.
  struct Source {
    std::int32_t id = 0;
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::int64_t at = 0;  ///< next offset
    Seq reached = 0;      ///< highest number seen
    kafka::QueuePtr queue;

    bool finished() const { return at >= end; }
  };

  Result<std::vector<std::int64_t>> ask(const std::vector<std::int32_t>& partitions,
                                        kafka::LogEnd which) const;
  Status find_ends(const std::vector<std::int32_t>& partitions);
  Status start();
  Source* furthest_behind();
  Result<bool> turn(Source& source);
  void wake_broker_of(const Source& source);
  Status take(Source& source, rd_kafka_message_t& message);
  void advance(Source& source, std::int64_t to);
  void drop_events();

  const kafka::Client client_;
  const std::string name_;
  TopicAudit& audit_;
  const OnProgress& on_progress_;
  kafka::TopicPtr topic_;
  std::vector<Source> sources_;
  Source* empty_handed_ = nullptr;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
  std::size_t since_told_ = 0;
  std::int64_t wake_at_ms_ = 0;
};

}  // namespace outbox::audit

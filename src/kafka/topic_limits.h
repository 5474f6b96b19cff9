#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kafka/rdkafka_ptr.h"

namespace outbox::kafka {

/// max.message.bytes of topics, by DescribeConfigs. Asks in the background;
/// one request at a time. A topic whose configuration we may not read stays
/// unknown (0) and is asked for again later. One thread.
class TopicLimits {
 public:
  /// `handle` must outlive this.
  explicit TopicLimits(rd_kafka_t* handle);

  /// Asks for those of `topics` that are unknown or were asked long ago.
  void ask(const std::vector<std::string>& topics, std::int64_t now_ms);
  /// Takes an answer that has come in, if any.
  void harvest();
  bool waiting() const { return waiting_; }
  /// 0 = unknown.
  std::int64_t message_bytes_max(const std::string& topic) const;

 private:
  struct Limit {
    std::int64_t bytes_max = 0;
    std::int64_t asked_ms = 0;
  };
  void request(const std::vector<std::string>& topics);

  rd_kafka_t* const handle_;
  QueuePtr answers_;
  std::map<std::string, Limit> limits_;
  bool waiting_ = false;
};

}  // namespace outbox::kafka

#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "kafka/config_watch.h"
#include "kafka/observer.h"
#include "kafka/preflight.h"
#include "outbox/options.h"

namespace outbox::kafka {

/// The preflight of the topics in use, judged anew with each look at the cluster. One thread.
class SafetyWatch {
 public:
  /// `handle` must outlive this.
  SafetyWatch(rd_kafka_t* handle, const RelayOptions& options);

  /// What metadata says now: brokers and the topics in use, without their settings. Asks for
  /// what is due, judges what is known.
  void look_at(ClusterFacts& facts, std::int64_t now_ms);
  bool harvest(std::int64_t now_ms) { return configs_.harvest(now_ms); }
  bool waiting() const { return configs_.waiting(); }
  std::int64_t next_due_ms() const { return configs_.next_due_ms(); }

  /// 0 = unknown.
  std::int64_t message_bytes_max(const std::string& topic) const;
  Findings findings(const std::string& topic) const;

 private:
  void ask(const ClusterFacts& facts, std::int64_t now_ms);
  void judge(const TopicFacts& topic, const ClusterFacts& facts,
             const std::vector<Finding>& of_brokers);

  const bool judges_;
  const ClientFacts client_;
  ConfigWatch configs_;
  std::map<std::string, Findings> findings_;
  std::map<std::string, std::int64_t> limits_;
};

}  // namespace outbox::kafka

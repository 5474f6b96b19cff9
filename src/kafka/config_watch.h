#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kafka/cluster_facts.h"
#include "kafka/describe_configs.h"
#include "kafka/rdkafka_ptr.h"

namespace outbox::kafka {

/// The settings of topics and brokers, asked for in the background and again when they are old.
/// An answer that says "not now" (a broker that is down) leaves what was known; a refusal does
/// not. One thread.
class ConfigWatch {
 public:
  /// How soon what is not known, or not safe, is asked for again.
  static constexpr std::int64_t kSoonMs = 10'000;

  /// `handle` must outlive this. What is known is asked for again after `again_ms`.
  ConfigWatch(rd_kafka_t* handle, std::int64_t again_ms);

  /// Asks for those of `wanted` that are due; forgets all others.
  void ask(const std::vector<ConfigResource>& wanted, std::int64_t now_ms);
  /// Takes what answers have come in. True: some had.
  bool harvest(std::int64_t now_ms);
  bool waiting() const { return !questions_.empty(); }
  /// When something is due next; -1 = nothing is wanted, or all is asked for.
  std::int64_t next_due_ms() const;
  /// From now on the resource is asked for often, or no longer.
  void hurry(const ConfigResource& resource, bool often);
  /// Was there an answer, whatever it was?
  bool answered(const ConfigResource& resource) const;
  /// Of a resource that is wanted.
  const ConfigFacts& facts(const ConfigResource& resource) const;

 private:
  struct Entry {
    ConfigFacts facts;
    std::int64_t answered_ms = -1;
    bool often = false;
    bool asked = false;
  };
  std::int64_t due_ms(const Entry& entry) const;
  void send(std::vector<ConfigResource> resources);

  rd_kafka_t* const handle_;
  const std::int64_t again_ms_;
  QueuePtr answers_;
  std::map<ConfigResource, Entry> entries_;
  std::map<std::uintptr_t, std::vector<ConfigResource>> questions_;
  std::uintptr_t last_tag_ = 0;
};

}  // namespace outbox::kafka

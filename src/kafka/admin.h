#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "kafka/client.h"
#include "kafka/cluster_facts.h"
#include "kafka/properties.h"
#include "outbox/status.h"

namespace outbox::kafka {

/// A topic to be made.
struct TopicPlan {
  std::string name;
  int partitions = 1;
  int replication_factor = 3;
  std::map<std::string, std::string> configs;
};

/// librdkafka's admin API for commands: it blocks, each call within its limit. One thread. It is
/// a consumer without a group: asking for a topic must not make one, as a producer's question may.
class Admin {
 public:
  /// How long the first answer may take; connecting included.
  static constexpr std::chrono::milliseconds kMetadataMs{10'000};
  /// All questions for settings together; a broker that does not answer costs no more.
  static constexpr std::chrono::milliseconds kConfigsMs{15'000};
  /// How long the brokers may take to make a topic, and all of them to know it.
  static constexpr std::chrono::milliseconds kCreateMs{15'000};
  static constexpr std::chrono::milliseconds kSettleMs{15'000};

  /// Connects in the background.
  static Result<std::unique_ptr<Admin>> make(const RelayOptions& options);

  /// Brokers, topics, settings. kKafka: the cluster does not answer. What is refused or missing
  /// of a single topic or broker stands in its facts. A topic that `create` made is waited for
  /// where a broker does not know it yet, kSettleMs at most.
  Result<ClusterFacts> describe(const std::vector<std::string>& topics);

  /// Makes the topic and waits until all its partitions have a leader. kKafka with the broker's
  /// words; kInvalidArgument: it exists, or a value is refused here.
  Status create(const TopicPlan& plan);

 private:
  explicit Admin(Client client);
  Result<ClusterFacts> metadata(const std::vector<std::string>& topics);
  void ask_all(ClusterFacts& facts);
  bool has_leaders(const TopicPlan& plan);
  bool made_is_unknown(const ClusterFacts& facts) const;

  Client client_;
  std::set<std::string, std::less<>> made_;  ///< by create
};

}  // namespace outbox::kafka

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/client.h"
#include "outbox/options.h"

namespace outbox::bench {

/// librdkafka with the relay's own settings; a failure ends the program.
kafka::Client client_of(const RelayOptions& options);

/// Returns when this client has heard of a leader for each partition of the
/// topics: librdkafka refuses messages for what its broker does not know of yet.
void wait_for_leaders(rd_kafka_t* client, const std::vector<std::string>& topics,
                      std::int32_t partitions);

/// Topics with the brokers' default replication, as long as the object lives.
class BenchTopics {
 public:
  /// Names begin with `prefix` and were never used before. Returns when every
  /// partition has taken a message.
  BenchTopics(const RelayOptions& options, const std::string& prefix, int count,
              std::int32_t partitions);
  ~BenchTopics();
  BenchTopics(const BenchTopics&) = delete;
  BenchTopics& operator=(const BenchTopics&) = delete;

  const std::vector<std::string>& names() const { return names_; }
  /// The first of them.
  const std::string& name() const { return names_.front(); }
  std::int32_t partitions() const { return partitions_; }
  /// Messages in all partitions, by their offsets; those of the constructor count.
  std::uint64_t messages() const;

 private:
  void create() const;

  kafka::Client client_;
  const std::int32_t partitions_;
  std::vector<std::string> names_;
};

}  // namespace outbox::bench

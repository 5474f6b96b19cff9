#include "kafka/metadata.h"

#include <algorithm>

#include "kafka/error_table.h"

namespace outbox::kafka {

TopicFacts facts_of(const rd_kafka_metadata_topic_t& topic) {
  TopicFacts out;
  out.name = topic.topic;
  out.error = topic.err;
  if (out.error != 0) {
    out.trouble = error_text(out.error);
    return out;
  }
  for (int i = 0; i < topic.partition_cnt; ++i) {
    const rd_kafka_metadata_partition_t& given = topic.partitions[i];
    PartitionFacts partition;
    partition.id = given.id;
    partition.leader = given.leader;
    partition.replicas.assign(given.replicas, given.replicas + given.replica_cnt);
    partition.in_sync.assign(given.isrs, given.isrs + given.isr_cnt);
    out.partitions.push_back(std::move(partition));
  }
  std::ranges::sort(out.partitions, {}, &PartitionFacts::id);
  return out;
}

std::vector<BrokerFacts> brokers_of(const rd_kafka_metadata_t& metadata) {
  std::vector<BrokerFacts> out;
  for (int i = 0; i < metadata.broker_cnt; ++i) {
    const rd_kafka_metadata_broker_t& given = metadata.brokers[i];
    BrokerFacts broker;
    broker.id = given.id;
    broker.address = std::string(given.host) + ":" + std::to_string(given.port);
    out.push_back(std::move(broker));
  }
  std::ranges::sort(out, {}, &BrokerFacts::id);
  return out;
}

}  // namespace outbox::kafka

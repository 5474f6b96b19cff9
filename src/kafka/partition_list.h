#pragma once

#include <vector>

#include "kafka/consumer_api.h"
#include "kafka/rdkafka_ptr.h"

namespace outbox::kafka {

PartitionsPtr to_list(const std::vector<TopicPartition>& partitions);
/// With offsets and metadata.
PartitionsPtr to_list(const std::vector<PartitionOffset>& offsets);

std::vector<TopicPartition> partitions_of(const rd_kafka_topic_partition_list_t& list);
std::vector<PartitionOffset> offsets_of(const rd_kafka_topic_partition_list_t& list);

/// The first error that a partition of the list has; 0 = none.
rd_kafka_resp_err_t first_error(const rd_kafka_topic_partition_list_t& list);

}  // namespace outbox::kafka

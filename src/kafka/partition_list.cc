#include "kafka/partition_list.h"

#include <cstdlib>
#include <cstring>
#include <span>

namespace outbox::kafka {
namespace {

std::span<const rd_kafka_topic_partition_t> elements(const rd_kafka_topic_partition_list_t& list) {
  return {list.elems, static_cast<std::size_t>(list.cnt)};
}

rd_kafka_topic_partition_t* add(rd_kafka_topic_partition_list_t* list,
                                const TopicPartition& where) {
  return rd_kafka_topic_partition_list_add(list, where.topic.c_str(), where.partition);
}

}  // namespace

PartitionsPtr to_list(const std::vector<TopicPartition>& partitions) {
  PartitionsPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const TopicPartition& where : partitions) add(list.get(), where);
  return list;
}

PartitionsPtr to_list(const std::vector<PartitionOffset>& offsets) {
  PartitionsPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const PartitionOffset& at : offsets) {
    rd_kafka_topic_partition_t* const element = add(list.get(), at.where);
    element->offset = at.offset;
    if (at.metadata.empty()) continue;
    // librdkafka frees it with the list.
    element->metadata = std::malloc(at.metadata.size());  // NOLINT
    std::memcpy(element->metadata, at.metadata.data(), at.metadata.size());
    element->metadata_size = at.metadata.size();
  }
  return list;
}

std::vector<TopicPartition> partitions_of(const rd_kafka_topic_partition_list_t& list) {
  std::vector<TopicPartition> out;
  for (const auto& element : elements(list)) out.push_back({element.topic, element.partition});
  return out;
}

std::vector<PartitionOffset> offsets_of(const rd_kafka_topic_partition_list_t& list) {
  std::vector<PartitionOffset> out;
  for (const auto& element : elements(list)) {
    PartitionOffset at{{element.topic, element.partition}, element.offset, {}};
    if (element.metadata_size > 0) {
      at.metadata.assign(static_cast<const char*>(element.metadata), element.metadata_size);
    }
    out.push_back(std::move(at));
  }
  return out;
}

rd_kafka_resp_err_t first_error(const rd_kafka_topic_partition_list_t& list) {
  for (const auto& element : elements(list)) {
    if (element.err != RD_KAFKA_RESP_ERR_NO_ERROR) return element.err;
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace outbox::kafka

#include "kafka/log_ends.h"

#include "kafka/error_table.h"
#include "kafka/rdkafka_ptr.h"

namespace outbox::kafka {
namespace {

Status no_ends(const std::string& what, rd_kafka_resp_err_t error) {
  const Status status = failed("the ends of " + what, error);
  if (action_for(error) == Action::kRetry) return {Code::kTimeout, status.message()};
  return status;
}

}  // namespace

Result<std::vector<std::int64_t>> log_ends(rd_kafka_t* handle, const std::string& topic,
                                           const std::vector<std::int32_t>& partitions,
                                           LogEnd which, std::chrono::milliseconds limit) {
  const PartitionsPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const std::int32_t id : partitions) {
    // The field is a time in the question, and these two stand for both ends of the log.
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), id)->offset =
        static_cast<std::int64_t>(which);
  }
  const auto error =
      rd_kafka_offsets_for_times(handle, list.get(), static_cast<int>(limit.count()));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return no_ends("topic " + topic, error);
  std::vector<std::int64_t> out;
  out.reserve(partitions.size());
  for (const std::int32_t id : partitions) {
    const auto* const found = rd_kafka_topic_partition_list_find(list.get(), topic.c_str(), id);
    if (found->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return no_ends("partition " + std::to_string(id) + " of " + topic, found->err);
    }
    out.push_back(found->offset);
  }
  return out;
}

}  // namespace outbox::kafka

#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "outbox/status.h"

namespace outbox::audit {

/// kKafka, with what librdkafka says of it.
Status failed(const std::string& what, rd_kafka_resp_err_t error);

/// Where the partitions begin or end (`which`: RD_KAFKA_OFFSET_BEGINNING, _END), in their order.
/// Not rd_kafka_query_watermark_offsets(): the limit of that one holds for the search of the leader
/// alone, and a leader that died is waited for without end.
Result<std::vector<std::int64_t>> offsets_of(rd_kafka_t* handle, const std::string& topic,
                                             const std::vector<std::int32_t>& partitions,
                                             std::int64_t which, std::chrono::milliseconds limit);

}  // namespace outbox::audit

#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "outbox/status.h"

namespace outbox::kafka {

enum class LogEnd : std::int64_t { kBegin = RD_KAFKA_OFFSET_BEGINNING, kEnd = RD_KAFKA_OFFSET_END };

/// Where the partitions' logs begin or end, in their order. kTimeout: it may be told later, as
/// while a leader is replaced; kKafka: not so. Both name what is in the way. Not
/// rd_kafka_query_watermark_offsets(): the limit of that one holds for the search of the leader
/// alone, and a leader that died is waited for without end.
Result<std::vector<std::int64_t>> log_ends(rd_kafka_t* handle, const std::string& topic,
                                           const std::vector<std::int32_t>& partitions,
                                           LogEnd which, std::chrono::milliseconds limit);

}  // namespace outbox::kafka

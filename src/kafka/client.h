#pragma once

#include "kafka/producer_api.h"
#include "kafka/properties.h"
#include "kafka/rdkafka_ptr.h"
#include "outbox/status.h"

namespace outbox::kafka {

/// A librdkafka instance and its main queue, which carries reports, errors and
/// log lines as events. Destroying it may block, even for ever.
struct Client {
  HandlePtr handle;
  QueuePtr events;  ///< declared after the handle: must go first
};

/// kInvalidArgument names the property.
Result<ConfPtr> make_conf(const Properties& properties);

/// Does not connect; librdkafka does that on its own threads. kKafka or
/// kInvalidArgument with librdkafka's words.
Result<Client> make_client(const Properties& properties, rd_kafka_type_t type = RD_KAFKA_PRODUCER);

/// A log line as a notice, on a level of its own where librdkafka's says too much.
Notice log_notice(int level, const char* facility, const char* text);
/// An error as a notice.
Notice error_notice(rd_kafka_t* handle, std::int32_t error, const char* text, bool fatal);
/// An error or log event as a notice.
Notice notice_of(rd_kafka_t* handle, rd_kafka_event_t* event);

}  // namespace outbox::kafka

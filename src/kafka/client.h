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

/// Does not connect; librdkafka does that on its own threads. kKafka or
/// kInvalidArgument with librdkafka's words.
Result<Client> make_client(const Properties& properties);

/// An error or log event as a notice.
Notice notice_of(rd_kafka_t* handle, rd_kafka_event_t* event);

}  // namespace outbox::kafka

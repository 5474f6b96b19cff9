#pragma once

#include "kafka/rdkafka_ptr.h"
#include "outbox/inbox.h"

namespace outbox::kafka {

/// A copy: librdkafka's own memory of a message holds the whole fetch that it came with.
Received to_received(rd_kafka_message_t* message);

}  // namespace outbox::kafka

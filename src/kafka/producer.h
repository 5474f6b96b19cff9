#pragma once

#include <memory>

#include "kafka/producer_api.h"
#include "kafka/properties.h"
#include "outbox/status.h"

namespace outbox::kafka {

/// A producer over librdkafka with exactly these properties. It connects in
/// the background. Its destructor may block: see ProducerFactory::unmake.
Result<std::unique_ptr<ProducerApi>> make_producer(const Properties& properties, int wake_fd);

}  // namespace outbox::kafka

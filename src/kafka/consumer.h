#pragma once

#include <memory>

#include "kafka/consumer_api.h"
#include "kafka/property_checks.h"
#include "outbox/status.h"

namespace outbox::kafka {

/// A consumer over librdkafka with exactly these properties. It connects in the background. Its
/// destructor may block for as long as the brokers do not answer.
Result<std::unique_ptr<ConsumerApi>> make_consumer(const Properties& properties);

}  // namespace outbox::kafka

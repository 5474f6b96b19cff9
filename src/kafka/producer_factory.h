#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "kafka/producer_api.h"
#include "outbox/options.h"

namespace outbox::kafka {

/// Producers over librdkafka. kUnsafeSetting and kInvalidArgument as
/// producer_properties says; the cluster is not asked.
Result<std::unique_ptr<ProducerFactory>> make_producer_factory(const RelayOptions& options);

/// Runs `destroy`, which may hang, on a thread of its own. False: it did not
/// finish within the limit, and the thread was left behind.
bool finishes_within(std::function<void()> destroy, std::chrono::milliseconds limit);

}  // namespace outbox::kafka

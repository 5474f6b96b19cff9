#pragma once

#include <cstdint>

#include "kafka/preflight.h"
#include "outbox/options.h"
#include "outbox/status.h"

namespace outbox::kafka {

/// Our own side, but for the properties. `message_bytes_max`: 0 = not known.
ClientFacts client_facts(const RelayOptions& options, std::int64_t message_bytes_max = 0);

/// The properties as librdkafka takes them, read from an instance that has no brokers. As
/// producer_properties().
Status read_properties(const RelayOptions& options, ClientFacts& into);

}  // namespace outbox::kafka

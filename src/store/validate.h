#pragma once

#include <cstddef>

#include "outbox/message.h"
#include "outbox/options.h"
#include "outbox/status.h"
#include "store/progress.h"

namespace outbox::store {

/// Kafka's rule for topic names (org.apache.kafka.common.internals.Topic).
Status validate_topic(const std::string& topic);
/// Everything else about a message that can be judged without Kafka. One line that
/// names the field, its value and the limit.
Status validate(const Message& message, const Options& options);
/// Against what the relay last saw of the topic; what is unknown passes.
Status validate(const Message& message, const TopicLimits& limits);
/// The settings themselves, at open.
Status validate(const Options& options);

/// Key, value and headers.
std::size_t message_bytes(const Message& message);

}  // namespace outbox::store

#pragma once

#include "kafka_flags.h"

namespace outbox::bench {

/// Sends for as long as the flags say: brokers that were just started run at half their speed until
/// the JVM has compiled them, and whoever came first would pay for it. Not when `quick`.
void warm_brokers(const KafkaFlags& flags);

}  // namespace outbox::bench

#pragma once

#include <chrono>
#include <string_view>

#include "kafka/property_checks.h"
#include "kafka/setting_table.h"
#include "outbox/options.h"
#include "outbox/status.h"

namespace outbox::kafka {

/// The table's settings with the user's kafka_properties over them. Needs no
/// cluster. kUnsafeSetting: a property that would break a promise, by name,
/// with the reason. kInvalidArgument: an unknown property (names the nearest
/// known one), one for consumers only, a value librdkafka refuses, or an
/// option out of range. Secret values are never repeated in a message.
Result<Properties> producer_properties(const RelayOptions& options, Role role);

/// The value of `name` in `properties` as milliseconds; 0 when absent.
std::chrono::milliseconds milliseconds_of(const Properties& properties, std::string_view name);

}  // namespace outbox::kafka

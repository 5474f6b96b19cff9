#pragma once

#include <span>
#include <string>
#include <string_view>

#include "kafka/property_checks.h"
#include "outbox/inbox.h"

namespace outbox::kafka {

/// A librdkafka property that the inbox sets itself.
struct ConsumerSetting {
  std::string_view name;
  std::string (*value)(const InboxOptions& options);
  /// The InboxOptions member the value comes from; empty = a constant.
  std::string_view option;
  /// May kafka_properties override it?
  bool overridable;
  std::string_view reason;
};

std::span<const ConsumerSetting> consumer_settings();
std::span<const UnsafeSetting> unsafe_consumer_settings();

/// The table's settings with the user's kafka_properties over them. Needs no cluster.
/// kUnsafeSetting and kInvalidArgument as producer_properties; the options themselves are not
/// looked at.
Result<Properties> consumer_properties(const InboxOptions& options);

/// For a producer to the same cluster, with the same credentials.
RelayOptions producer_options(const InboxOptions& options);

}  // namespace outbox::kafka

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "outbox/options.h"

namespace outbox::kafka {

/// What a producer is for; its settings differ in few places.
enum class Role {
  kMain,      ///< pipelined; carries the lanes that flow
  kProbe,     ///< one message a request, one request at a time: verdicts count
  kObserver,  ///< produces nothing; metadata and topic limits
};

/// A librdkafka property that the outbox sets itself, in every role.
struct Setting {
  std::string_view name;
  std::string (*value)(const RelayOptions& options, Role role);
  /// The RelayOptions member the value comes from; empty = a constant.
  std::string_view option;
  /// May kafka_properties override it?
  bool overridable;
  std::string_view reason;
};

/// A librdkafka property that would break a promise.
struct UnsafeSetting {
  std::string_view name;
  /// The one value that is harmless because it is what the outbox sets anyway; several are
  /// parted by '|'; empty = none.
  std::string_view harmless_value;
  std::string_view reason;
};

std::span<const Setting> settings();
std::span<const UnsafeSetting> unsafe_settings();

}  // namespace outbox::kafka

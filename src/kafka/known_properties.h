#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace outbox::kafka {

/// A property that the librdkafka in use knows.
struct KnownProperty {
  std::string name;
  bool for_producer = false;
  bool for_consumer = false;
};

/// librdkafka's own list, as it documents itself at run time.
std::vector<KnownProperty> known_properties();

/// The name nearest to `name` by edit distance, of those that `allowed` says yes to; empty when
/// none is near.
std::string nearest_property(const std::vector<KnownProperty>& known, std::string_view name,
                             bool KnownProperty::*allowed);

}  // namespace outbox::kafka

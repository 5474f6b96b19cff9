#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "store/format.h"

namespace outbox::relay {

/// A way to Kafka: one producer at a time.
///
/// The mains (kMain and the numbers up to kProbe) pipeline, each for the lanes that have it as
/// their home. A broker works on one request of a connection at a time and librdkafka sends one
/// partition a request, so many topics need several connections.
///
/// The probe has one message per request and one request in flight, so that an error there is the
/// verdict on that message alone: batch.num.messages=1 and max.in.flight=1.
enum class Channel : std::uint8_t { kMain = 0, kProbe = 8 };

inline constexpr std::size_t kMains = static_cast<std::size_t>(Channel::kProbe);
inline constexpr std::size_t kChannels = kMains + 1;

constexpr std::size_t index_of(Channel channel) { return static_cast<std::size_t>(channel); }

inline constexpr std::array<Channel, kChannels> kAllChannels = [] {
  std::array<Channel, kChannels> all{};
  for (std::size_t i = 0; i < kChannels; ++i) all[i] = static_cast<Channel>(i);
  return all;
}();

/// The main of a lane that is well: neighbours share one, as long as there are few lanes all do.
constexpr Channel home_of(store::LaneId lane, std::uint32_t lanes_per_main) {
  return static_cast<Channel>(lane / lanes_per_main % kMains);
}

}  // namespace outbox::relay

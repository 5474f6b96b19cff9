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

/// The main of a lane that is well: the first lanes (from 1 on) share one, so that few topics need
/// no more; the others are spread over all that are left, because neighbours are often read in a
/// row.
constexpr Channel home_of(store::LaneId lane, std::uint32_t shared_main_lanes) {
  if (lane <= shared_main_lanes) return Channel::kMain;
  return static_cast<Channel>(1 + (lane - shared_main_lanes - 1) % (kMains - 1));
}

}  // namespace outbox::relay

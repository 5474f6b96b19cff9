// The main producers: back to pipelining, and closed where no lane needs them.
#include <algorithm>

#include "relay/core_state.h"

namespace outbox::relay {

bool Core::State::serial_now(const ChannelState& main) const {
  return main.max_in_flight == 1 && options.max_in_flight_requests > 1;
}

// The first one stays: without work the relay has a connection and knows that it has one.
bool Core::State::mains_need_care() const {
  return serial_now(channel(Channel::kMain)) ||
         std::any_of(channels.begin() + 1, channels.begin() + kMains,
                     [](const ChannelState& main) { return main.generation != 0; });
}

void Core::State::care_for_mains() {
  std::array<bool, kChannels> used{};
  used[index_of(Channel::kMain)] = true;
  for (const Lane* of : busy) used[index_of(of->home)] = true;
  for (std::size_t i = 0; i < kMains; ++i) {
    if (used[i]) channels[i].unused_since_ms = -1;
  }
  for (std::size_t i = 0; i < kMains; ++i) pipeline_again(static_cast<Channel>(i));
  // The end of one may take seconds, in which the others stand still: one a tick.
  for (std::size_t i = 0; i < kMains; ++i) {
    if (!used[i] && close_unused(static_cast<Channel>(i))) break;
  }
}

bool Core::State::close_unused(Channel which) {
  ChannelState& main = channel(which);
  if (main.generation == 0 || main.rebuilding()) return false;
  if (main.unused_since_ms < 0) main.unused_since_ms = now;
  if (now - main.unused_since_ms < options.unused_main_ms) return false;
  main.unused_since_ms = -1;
  close(which);
  return true;
}

void Core::State::pipeline_again(Channel which) {
  ChannelState& main = channel(which);
  if (!serial_now(main) || main.rebuilding()) return;
  const bool clear =
      now >= main.serial_until_ms &&
      std::ranges::all_of(main.serial, [](const SerialWatch& watch) { return watch.over(); });
  if (!clear) {
    main.serial_clear_ms = -1;
    return;
  }
  if (main.serial_clear_ms < 0) main.serial_clear_ms = now;
  if (main.in_flight > 0 && now - main.serial_clear_ms < kSerialMs) return;
  main.serial_clear_ms = -1;
  rebuild(which, "pipelining again", true);
}

}  // namespace outbox::relay

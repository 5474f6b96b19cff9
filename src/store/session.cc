#include "store/session.h"

#include <algorithm>

namespace outbox::store {
namespace {

constexpr std::int64_t kSecond_ms = 1'000;

}  // namespace

SessionId next_session(std::int64_t now_ms, SessionId last, std::uint32_t random) {
  const auto now_s = static_cast<SessionId>(std::max<std::int64_t>(now_ms / kSecond_ms, 0));
  const SessionId opening = std::max(now_s, (last >> kSessionRandomBits) + 1);
  return (opening << kSessionRandomBits) | (random & ((1U << kSessionRandomBits) - 1));
}

}  // namespace outbox::store

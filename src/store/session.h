#pragma once

#include <cstdint>

#include "store/format.h"

namespace outbox::store {

/// A session's number: the opening time in seconds, forced above the last one's, then random bits.
/// Sessions of one outbox go up. Those of its copies, a backup that is restored among them, differ
/// even when they are opened in the same second or by a clock that stands, where nothing but the
/// random bits tells them apart. Below 2^53 until 2038, so JSON readers do not round it.
inline constexpr int kSessionRandomBits = 22;

/// `last`: of this directory, 0 when there is none.
SessionId next_session(std::int64_t now_ms, SessionId last, std::uint32_t random);

}  // namespace outbox::store

#pragma once

namespace outbox {

/// What a relay adds to each message, behind the user's own headers:
/// `outbox-id: <outbox>.<session in hex>/<seq>` and `outbox-prev: <seq>`.
inline constexpr const char* kIdHeader = "outbox-id";
inline constexpr const char* kPrevHeader = "outbox-prev";

}  // namespace outbox

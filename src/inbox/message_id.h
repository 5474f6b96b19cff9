#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "outbox/message.h"

namespace outbox::inbox {

/// Who a message is, by the headers that the relay gave it (base/id_headers.h).
struct MessageId {
  std::uint32_t outbox = 0;   ///< written as 8 hex digits
  std::uint64_t session = 0;  ///< sessions of an outbox go up
  Seq seq = 0;                ///< never 0
  Seq prev = 0;               ///< the one before it in its partition; below seq; 0 = none

  friend bool operator==(const MessageId&, const MessageId&) = default;
};

/// From the values of the two headers. nullopt: not a message of a relay. Only the one spelling
/// that a relay writes is taken, so that different texts are never the same message.
std::optional<MessageId> parse_message_id(std::string_view id, std::string_view prev);

/// From a message's headers. Of several with one name the last counts: a relay puts its own
/// behind the user's.
std::optional<MessageId> message_id_of(std::span<const Header> headers);

/// As it stands in the header: 8 hex digits.
std::string outbox_text(std::uint32_t outbox);

}  // namespace outbox::inbox

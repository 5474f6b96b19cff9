#pragma once

#include <cstdint>
#include <string_view>

namespace outbox::kafka {

/// What the relay does about an error; the error table gives each code one.
/// Every action keeps the entry, kVerdict included: that one only counts once
/// the entry failed alone in its request.
enum class Action : std::uint8_t {
  kNone,              ///< not an error
  kRetry,             ///< transient: send again after a backoff
  kStall,             ///< the whole topic: try again, ever more seldom
  kUnknownTopic,      ///< retry for a grace, then as kStall
  kUnknownPartition,  ///< retry for a grace, then as kVerdict
  kVerdict,           ///< on the message itself: dead-letter or halt, by policy
  kRebuild,           ///< the producer's state is in doubt
  kStop,              ///< fenced: somebody else is the relay
};

/// A failed message, in the relay's terms.
struct Failure {
  Action action = Action::kRetry;
  /// Static text or one that outlives the call; goes into states and dead letters.
  std::string_view reason;
  /// Kafka may have it nevertheless.
  bool possibly_persisted = true;
};

}  // namespace outbox::kafka

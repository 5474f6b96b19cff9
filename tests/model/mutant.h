#pragma once

namespace outbox::model {

/// A driver that breaks one promise, to see that the checks bite. They live
/// here, around the core, and nowhere in production code.
enum class Mutant {
  kNone,
  kBelieveImplicitAcks,  ///< success without an offset is taken for a delivery
  kAdvanceBeforeReport,  ///< the head moves when an entry is handed out
  kSwapHandOut,          ///< two neighbours reach the producer in the wrong order
  kSkipInRepeat,         ///< what Kafka has already is left out of a repeat
  kWrongPrev,            ///< outbox-prev names nobody
  kForgetVector,         ///< only the head survives a restart
  kPlaceByNewestCount,   ///< old entries are placed with the newest partition count
  kLoseRelease,          ///< a payload is never given back
  kIgnoreProgress,       ///< reports are fed, Advance is not executed
};

}  // namespace outbox::model

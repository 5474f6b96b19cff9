#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/placement.h"
#include "kafka/error_action.h"
#include "outbox/message.h"
#include "store/format.h"
#include "store/progress.h"

namespace outbox::relay {

using store::LaneId;
using store::Progress;

/// The two producers. A lane is never in both.
enum class Channel : std::uint8_t {
  kMain,   ///< pipelined; carries all lanes that flow
  kProbe,  ///< one message a request, one request at a time: its verdicts count
};
inline constexpr std::size_t kChannels = 2;

/// Counts the instances of one channel's producer: 1, 2, 3, ...
using Generation = std::uint32_t;
/// Names a Read; never reused.
using ReadId = std::uint64_t;
/// The driver's reference to an entry's bytes; opaque to the core.
using Handle = std::uint64_t;

/// What the core needs to know of a durable entry.
struct EntryMeta {
  Seq seq = 0;
  /// By place() with the lane's recorded history. nullopt: not covered.
  std::optional<std::int32_t> partition;
  std::uint32_t bytes = 0;
  Handle handle = 0;
};

/// A lane as the store knows it when the core is told of it.
struct LaneStart {
  LaneId id = 0;
  Seq tail = 0;
  Progress progress;
  /// The last of the recorded partition counts.
  std::optional<PartitionCount> recorded;
};

/// What became of one Produce.
struct Report {
  Channel channel = Channel::kMain;
  Generation generation = 0;
  LaneId lane = 0;
  std::int32_t partition = -1;
  Seq seq = 0;
  /// kNone: librdkafka reported success.
  kafka::Failure failure{kafka::Action::kNone, {}, false};
  /// With kNone: negative = acknowledged only implicitly, which proves nothing.
  std::int64_t offset = -1;
  /// librdkafka gave it back because it was told to purge.
  bool purged = false;
};

}  // namespace outbox::relay

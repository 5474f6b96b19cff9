#pragma once

#include <string>
#include <variant>

#include "relay/core_event.h"

namespace outbox::relay {

/// Read durable entries of a lane from `from` on; answer with Core::entries or
/// Core::read_failed, at once or later. With `only_partition`, offer just the
/// entries of that partition (the others were handed out long ago).
struct Read {
  ReadId id = 0;
  LaneId lane = 0;
  Seq from = 0;
  /// There is no point in reading beyond; at least `from`.
  Seq through = 0;
  std::size_t entries_max = 0;
  std::size_t bytes_max = 0;
  std::optional<std::int32_t> only_partition;
};

/// Hand the entry to the channel's producer. Exactly one Core::report or
/// Core::refused follows, or the generation ends.
struct Produce {
  Channel channel = Channel::kMain;
  Generation generation = 0;
  LaneId lane = 0;
  std::int32_t partition = -1;
  Seq seq = 0;
  /// For the outbox-prev header; 0 = none before it.
  Seq prev = 0;
  Handle handle = 0;
};

/// An entry is in Kafka; for its callback. Gives the handle back, too.
struct Delivered {
  Handle handle = 0;
  LaneId lane = 0;
  Seq seq = 0;
  std::int32_t partition = -1;
  std::int64_t offset = -1;
};

/// An entry is a dead letter (after Core::buried said so). Gives the handle back, too.
struct Died {
  Handle handle = 0;
  LaneId lane = 0;
  Seq seq = 0;
  std::int32_t partition = -1;
  std::string reason;
};

/// The core does not need the entry (now); it may read it again later.
struct Release {
  Handle handle = 0;
};

/// Store::advance: `delivered` reports led to this progress.
struct Advance {
  LaneId lane = 0;
  Progress progress;
  std::uint64_t delivered = 0;
};

/// Store::bury; answer with Core::buried before the next event of the lane.
/// `progress` is the lane's with the entry settled.
struct Bury {
  LaneId lane = 0;
  Seq seq = 0;
  std::int32_t partition = -1;
  std::string reason;
  Progress progress;
};

/// Store::record_partition_count; answer with Core::partition_count_recorded.
/// Entries offered to the core after that answer are placed with the new
/// history, those before it without.
struct RecordPartitionCount {
  LaneId lane = 0;
  PartitionCount count;
};

/// An operator's purge may now be recorded (Store::record_purge): `count`
/// entries of from..through were pending. Answer with Core::purge_recorded.
/// Count 0: there was nothing to give up; record nothing and answer true.
struct Purged {
  LaneId lane = 0;
  Seq from = 0;
  Seq through = 0;
  std::uint64_t count = 0;
  Progress progress;
};

/// Replace the channel's producer: let what is healthy finish for a while,
/// purge, give all its reports to the core, destroy it, make a new one, then
/// Core::producer_ready with the next generation. Also the first one of the probe.
struct Rebuild {
  Channel channel = Channel::kMain;
  /// "fatal", "implicit ack", "watchdog", "verdict", ...; static text.
  const char* reason = "";
  /// 0 = as configured; 1 = no pipelining.
  int max_in_flight_requests = 0;
  /// False: nothing healthy is in flight worth waiting for.
  bool wait_for_healthy = true;
};

/// No lane needs the probe producer any more; its generation ends.
struct CloseProbe {};

/// A leader may have moved, a topic may have appeared: ask the cluster now.
struct RefreshTopic {
  LaneId lane = 0;
};

/// Worth a line in the log (rate-limited by the driver): a lane's state changed.
struct StateChanged {
  LaneId lane = 0;
};

using Command =
    std::variant<Read, Produce, Delivered, Died, Release, Advance, Bury, RecordPartitionCount,
                 Purged, Rebuild, CloseProbe, RefreshTopic, StateChanged>;

}  // namespace outbox::relay

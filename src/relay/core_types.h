#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/placement.h"
#include "kafka/error_action.h"
#include "outbox/message.h"
#include "outbox/options.h"
#include "relay/channel.h"
#include "store/format.h"
#include "store/progress.h"

/// What goes into the relay core and what comes out of it. Plain values.
namespace outbox::relay {

using store::LaneId;

/// The driver's reference to an entry's payload; the core only gives it back.
using Handle = std::uint64_t;
/// Counts the producers of one channel, from 1. The core gives the number.
using Generation = std::uint64_t;
/// Names a Read; 0 is none.
using ReadId = std::uint64_t;

struct CoreOptions {
  std::size_t in_flight_entries_max = 100'000;
  std::size_t in_flight_bytes_max = std::size_t{32} << 20;
  int max_in_flight_requests = 5;
  std::uint32_t shared_main_lanes = 64;
  PoisonPolicy poison_policy = PoisonPolicy::kDeadLetter;
  std::uint32_t keyless_block_entries = 1'000;
  std::int64_t unknown_topic_grace_ms = 60'000;
  std::int64_t stall_backoff_min_ms = 1'000;
  std::int64_t stall_backoff_max_ms = 60'000;
  std::int64_t watchdog_ms = 120'000;
  std::int64_t slow_start_idle_ms = 300'000;
  /// A main producer but the first is closed when it had nothing to send for so long.
  std::int64_t unused_main_ms = 60'000;
  std::int64_t old_after_ms = 43'200'000;
  /// Nothing is sent to a topic before topic_safety() said that it is safe.
  bool only_safe_topics = false;
  /// Jitter is drawn from this seed and nothing else.
  std::uint64_t seed = 0;

  static CoreOptions from(const RelayOptions& options, std::uint64_t seed);
};

// ---------------------------------------------------------------- events

/// An entry that the driver holds a payload of.
struct EntryMeta {
  Seq seq = 0;
  Handle handle = 0;
  std::uint32_t bytes = 0;
  /// outbox::place over the lane's recorded history; -1 = the history does not cover it.
  std::int32_t partition = -1;
  /// What its timestamp in Kafka lies in the past.
  std::int64_t age_ms = 0;
};

enum class Outcome : std::uint8_t {
  kDelivered,  ///< success with offset >= 0
  kNoOffset,   ///< success without one: proves nothing (implicit acknowledgement)
  kError,      ///< failed; see Report::failure
  kPurged,     ///< failed by our own purge of the producer
  kRefused,    ///< the producer did not take it; nothing was sent
};

/// What became of one Produce.
struct Report {
  Channel channel = Channel::kMain;
  Generation generation = 0;
  LaneId lane = 0;
  std::int32_t partition = -1;
  Seq seq = 0;
  Outcome outcome = Outcome::kDelivered;
  std::int64_t offset = -1;
  kafka::Failure failure;  ///< for kError and kRefused
};

// ---------------------------------------------------------------- commands

/// Hand this entry to the channel's producer, if that still is `generation`
/// (else ignore it: the core knows and sends again).
struct Produce {
  Channel channel = Channel::kMain;
  /// The payload may be needed for long (its partition is slow or has no
  /// leader, or its lane is in trouble): copy it out rather than pin its slab.
  bool may_linger = false;
  LaneId lane = 0;
  std::int32_t partition = -1;
  Generation generation = 0;
  Handle handle = 0;
  Seq seq = 0;
  /// For the outbox-prev header; 0 = the first of its partition.
  Seq prev = 0;
};

/// The entry's end, for its DeliveryCallback.
struct Settled {
  LaneId lane = 0;
  std::int32_t partition = -1;
  Seq seq = 0;
  std::int64_t offset = -1;
  /// Non-empty: dead. Points into Commands::texts.
  std::string_view death;
};

/// Store::advance(lane, *progress, delivered).
struct Advance {
  LaneId lane = 0;
  std::uint64_t delivered = 0;
  const store::Progress* progress = nullptr;  ///< valid until the next event
};

/// Store::read; answer with Core::entries or Core::read_failed. In the order given.
struct Read {
  LaneId lane = 0;
  ReadId id = 0;
  Seq from = 0;
  std::size_t entries_max = 0;
  std::size_t bytes_max = 0;
};

/// Store::bury; answer with Core::buried.
struct Bury {
  LaneId lane = 0;
  std::int32_t partition = -1;
  Seq seq = 0;
  std::string reason;
  store::Progress progress;
};

/// Store::record_partition_count; answer with Core::partition_count_recorded.
/// It replaces what the lane's history holds at or above count.from_seq.
struct RecordPartitionCount {
  LaneId lane = 0;
  PartitionCount count;
};

/// Make the channel's producer; end the present one first, if any. Answer with
/// Core::producer_ready(channel, generation).
struct OpenProducer {
  Channel channel = Channel::kMain;
  /// 0: only end the present one, make none and answer nothing; it takes back one given before.
  Generation generation = 0;
  int max_in_flight_requests = 0;
  /// The present one is healthy: give its messages up to socket.timeout.ms to
  /// be reported (Core::in_flight(channel) says how many are missing), purge
  /// only then. False: purge at once. Its reports are fed in either case. Given again with
  /// false for the same generation when the present one turned fatal meanwhile.
  bool drain = false;
  std::string_view reason;  ///< static text; counted and logged
};

/// Nothing of the channel is in flight: end its producer. No answer.
struct CloseProducer {
  Channel channel = Channel::kProbe;
};

/// Store::record_purge for from..through; answer with Core::purge_recorded.
/// `count` of them are given up (the others were settled); 0 = nothing to record.
struct Purged {
  LaneId lane = 0;
  Seq from = 0;
  Seq through = 0;
  std::uint64_t count = 0;
  store::Progress progress;
};

/// Something that an operator should see; for the log.
struct Note {
  LaneId lane = 0;
  bool alarm = false;
  std::string text;
};

/// What the core wants done; appended to by every event. Execute the vectors
/// in the order in which they stand here, each from front to back, then clear.
struct Commands {
  std::vector<Produce> produce;
  std::vector<Settled> settled;
  std::vector<Advance> advance;
  std::vector<Bury> bury;
  std::vector<Purged> purged;
  std::vector<RecordPartitionCount> record_counts;
  /// Payloads that the core needs no more. (A producer instance that may still
  /// read one is the driver's business.)
  std::vector<Handle> release;
  std::vector<Read> reads;
  std::vector<CloseProducer> close;
  std::vector<OpenProducer> open;
  std::vector<LaneId> refresh_topics;  ///< look at the topic's metadata soon
  std::vector<Note> notes;
  std::deque<std::string> texts;  ///< what Settled::death points to

  void clear();
  bool empty() const;
};

struct CoreStats {
  std::uint64_t delivered = 0;
  std::uint64_t produced = 0;
  std::uint64_t resent = 0;  ///< handed out again after it may have been sent
  std::uint64_t dead = 0;
  std::uint64_t alarms = 0;
  std::uint64_t offsets_back = 0;  ///< deliveries at an offset that was already given
  std::uint64_t held_entries = 0;  ///< taken and not settled; what the budgets bound
  std::uint64_t held_bytes = 0;
  std::uint64_t reads = 0;
};

}  // namespace outbox::relay

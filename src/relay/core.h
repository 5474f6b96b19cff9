#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/options.h"
#include "relay/core_command.h"
#include "relay/core_event.h"
#include "relay/core_stats.h"

namespace outbox::relay {

/// The relay's decisions, and nothing else: no threads, no clock, no I/O. The
/// driver tells it what happened (each event carries the time, which must not
/// go back), calls drain() after one or many events, and executes the commands
/// in their order before the next event. One thread. See src/relay/README.md
/// for the rules and why they are what they are.
///
/// Handles: each EntryMeta given to fresh() or entries() is given back exactly
/// once, by Delivered, Died or Release. A Produce keeps it taken until then,
/// also over generations.
class Core {
 public:
  /// `seed` is for the jitter of backoffs only.
  Core(const RelayOptions& options, std::uint64_t seed);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // --- The store.
  /// Once per lane, before anything else about it.
  void add_lane(std::int64_t now_ms, const LaneStart& lane);
  /// Entries up to `tail` are durable; they will be read when there is room.
  void available(std::int64_t now_ms, LaneId lane, Seq tail);
  /// Entries that just became durable, in order and dense. Those that do not
  /// continue what the core has are given back and read later.
  void fresh(std::int64_t now_ms, LaneId lane, std::span<const EntryMeta> entries);
  /// Answer to Read: entries in order; every entry wanted from `from` to
  /// `reached` is among them. reached < from: nothing durable there (yet).
  void entries(std::int64_t now_ms, ReadId read, std::span<const EntryMeta> entries, Seq reached);
  /// The lane is stalled and tries again.
  void read_failed(std::int64_t now_ms, ReadId read, std::string_view reason);
  /// Answer to Bury. False: nothing was written; it is asked again later.
  void buried(std::int64_t now_ms, LaneId lane, Seq seq, bool ok);
  /// Answer to RecordPartitionCount. False: it is asked again later.
  void partition_count_recorded(std::int64_t now_ms, LaneId lane, bool ok);
  /// Answer to Purged. False: nothing was given up.
  void purge_recorded(std::int64_t now_ms, LaneId lane, bool ok);

  // --- Kafka.
  /// The topic's partitions and the broker that leads each (-1 = none).
  void topic_seen(std::int64_t now_ms, LaneId lane, std::span<const std::int32_t> leaders);
  /// The cluster answered, but not with partitions (unknown topic, no right to see it).
  void topic_trouble(std::int64_t now_ms, LaneId lane, const kafka::Failure& failure);
  /// Can the cluster be reached at all? False stops the watchdog's clock.
  void connected(std::int64_t now_ms, bool yes);
  void report(std::int64_t now_ms, const Report& report);
  /// Answer to Produce: the producer did not take it, no report follows. The
  /// driver must then skip every later Produce of the same lane and partition
  /// in the commands it holds, without a word about them.
  void refused(std::int64_t now_ms, const Produce& command, const kafka::Failure& failure);
  /// Generation 1 of main comes without being asked for. A later one: all
  /// reports of the one before were given; what was not reported is sent again.
  void producer_ready(std::int64_t now_ms, Channel channel, Generation generation);
  /// It produces nothing any more. A Rebuild follows (perhaps after a backoff).
  void producer_fatal(std::int64_t now_ms, Channel channel, Generation generation,
                      const kafka::Failure& failure);

  // --- Operators.
  void pause(LaneId lane);
  void resume(LaneId lane);
  void pause_all();
  void resume_all();
  /// Accepts fewer partitions than recorded; lets a lane halted by policy try again.
  void accept(std::int64_t now_ms, LaneId lane);
  /// Gives up what is pending up to `through`; a Purged follows once nothing of
  /// the lane is in flight. False: a purge of this lane is under way.
  bool purge(std::int64_t now_ms, LaneId lane, Seq through);
  /// No Produce from now on; see finished().
  void stop(std::int64_t now_ms);
  /// After stop(): nothing is in flight any more.
  bool finished() const;

  // --- Time and commands.
  /// Only needed when next_deadline_ms() has come and no other event has.
  void timer(std::int64_t now_ms);
  /// kNever when only an event can change anything.
  std::int64_t next_deadline_ms() const;
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  /// Appends the commands that the events since the last call lead to.
  void drain(std::int64_t now_ms, std::vector<Command>& into);

  // --- Looking at it.
  /// "flowing", "probing: ...", "stalled: ...", "halted: ...", "paused", "stopped: ...".
  std::string lane_state(LaneId lane) const;
  /// Is nothing of the lane pending as far as the core knows?
  bool settled(LaneId lane) const;
  const CoreStats& stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace outbox::relay

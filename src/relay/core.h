#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relay/core_types.h"

namespace outbox::relay {

/// The relay's decisions, and nothing else: no thread, clock, I/O or randomness
/// of its own. One thread calls it. Events go in (each with the time, which
/// never goes back), commands come out in commands(), which the driver
/// executes and clears after each event or after a batch of them: call
/// pump() at the end of a batch. The same events give the same commands.
///
/// It keeps, per lane: order per partition, one channel at a time, delivery only
/// with a real offset, progress as a vector. See src/relay/README.md.
class Core {
 public:
  explicit Core(const CoreOptions& options);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  /// Asks for the first main producer; the others are asked for once a lane needs them. First event
  /// of all.
  void start(std::int64_t now_ms);

  // ---- the store
  /// `tail`: highest durable entry. `history`: recorded partition counts. Entries may
  /// have been sent by an earlier process, hence any tail counts as handed out.
  void add_lane(std::int64_t now_ms, LaneId lane, const store::Progress& progress, Seq tail,
                std::span<const PartitionCount> history);
  /// Entries up to `tail` are durable, but the driver keeps none of them.
  void lane_available(std::int64_t now_ms, LaneId lane, Seq tail);
  /// Entries that just became durable, in sequence order, dense; `metas.back()` is the
  /// lane's tail. The core takes some or none of them, and releases the others.
  void fresh(std::int64_t now_ms, LaneId lane, std::span<const EntryMeta> metas);
  /// True if fresh() would take the entry: ask before placing and registering payloads.
  bool wants_fresh(LaneId lane, Seq first) const;
  /// The answer to a Read, in sequence order; it covers every entry from
  /// Read::from to `reached` (from - 1: nothing durable there).
  void entries(std::int64_t now_ms, LaneId lane, ReadId read, std::span<const EntryMeta> metas,
               Seq reached);
  void read_failed(std::int64_t now_ms, LaneId lane, ReadId read, std::string_view reason);
  void buried(std::int64_t now_ms, LaneId lane, Seq seq, bool ok);
  /// From OK on, metas are placed over the history with this count.
  void partition_count_recorded(std::int64_t now_ms, LaneId lane, bool ok);
  void purge_recorded(std::int64_t now_ms, LaneId lane, bool ok);
  /// So many of the deliveries that the executed Advances told are not durable yet. With
  /// what is in flight they share one budget: a kill has both sent again.
  void unrecorded(std::size_t entries);

  // ---- the cluster
  /// From metadata: the broker that leads each partition of the topic, -1 = none.
  /// leaders.size() is the partition count. Repeats cost little.
  void topic_seen(std::int64_t now_ms, LaneId lane, std::span<const std::int32_t> leaders);
  /// From metadata: the topic cannot be used (kUnknownTopic, kStall).
  void topic_error(std::int64_t now_ms, LaneId lane, const kafka::Failure& failure);
  /// From the preflight: why nothing may be sent to the topic now; empty = it may. Entries are kept
  /// meanwhile; what is in flight is still reported.
  void topic_safety(std::int64_t now_ms, LaneId lane, std::string_view unsafe);
  /// The cluster answers at all (metadata). While not, the watchdog rests.
  void connected(std::int64_t now_ms, bool connected);

  // ---- the producers
  /// The channel's producer of that generation takes messages. No report of an earlier
  /// generation counts from now on: all that was handed to one is sent again.
  void producer_ready(std::int64_t now_ms, Channel channel, Generation generation);
  /// It will never deliver again; its reports may still come.
  void producer_fatal(std::int64_t now_ms, Channel channel, Generation generation,
                      kafka::Action action, std::string_view reason);
  /// In the order in which the producer gave them. A Produce that the producer refuses is
  /// reported kRefused, and so is, unsent, every later Produce of that lane and
  /// partition in the same Commands.
  void reports(std::int64_t now_ms, std::span<const Report> reports);

  // ---- time and operators
  void timer(std::int64_t now_ms);
  void pause(std::int64_t now_ms, LaneId lane);
  void resume(std::int64_t now_ms, LaneId lane);
  /// A halted lane goes on: with the topic's present partition count, or with another try of the
  /// entry that halted it. False: it is not halted.
  bool accept(std::int64_t now_ms, LaneId lane);
  /// Gives up the entries up to `through` (0 = the tail) once what is in flight of the lane is
  /// reported; ends in a Purged. False: a purge of the lane is under way already.
  bool purge(std::int64_t now_ms, LaneId lane, Seq through);
  /// Forgets a purge for which no Purged was given yet. False: too late.
  bool cancel_purge(std::int64_t now_ms, LaneId lane);
  /// No Produce and no Read from now on. Reports still count.
  void stop(std::int64_t now_ms);
  /// After stop(): nothing is in flight and no answer of the store is awaited.
  bool finished() const;

  /// Emits what is due once per batch (Advance, Read, ...).
  void pump(std::int64_t now_ms);
  Commands& commands();
  /// When timer() is wanted; -1 = not at all.
  std::int64_t next_deadline_ms() const;

  // ---- looking at it
  /// "flowing", "probing: ...", "waiting: ...", "held: ...", "stalled: ...", "halted: ...",
  /// "paused".
  std::string lane_state(std::int64_t now_ms, LaneId lane) const;
  const store::Progress& progress(LaneId lane) const;
  /// Entries handed to the channel's producer and not reported.
  std::size_t in_flight(Channel channel) const;
  std::size_t in_flight() const;  ///< over all channels
  const CoreStats& stats() const;
  /// By reason; see OpenProducer::reason.
  const std::map<std::string, std::uint64_t>& rebuilds() const;
  /// Non-empty: everything has stopped, and why (kStop).
  const std::string& stopped_reason() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace outbox::relay

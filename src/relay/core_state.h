#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/backoff.h"
#include "relay/core.h"
#include "relay/lane.h"
#include "relay/window.h"

namespace outbox::relay {

/// While it is unsettled, the main producer has one request in flight.
struct SerialWatch {
  Lane* lane;
  Partition* partition;
  Seq seq;
  bool over() const;
};

/// One of the producers, as the core knows it.
struct ChannelState {
  Generation generation = 0;  ///< whose reports count; 0 = there is none
  Generation opening = 0;     ///< asked for, not ready yet
  Generation last = 0;        ///< highest number given
  bool ready = false;
  bool drain = false;
  std::int64_t open_at_ms = -1;  ///< when to ask; -1 = no need
  std::string_view reason;
  int max_in_flight = 0;
  std::size_t in_flight = 0;
  std::size_t lanes = 0;  ///< the probe's: lanes on it
  bool blamed = false;    ///< an error of this generation is on some lane's account
  Backoff backoff;

  std::vector<SerialWatch> serial;
  std::int64_t serial_until_ms = -1;  ///< one request in flight, whatever `serial` says
  std::int64_t serial_clear_ms = -1;  ///< since when neither asks for it
  std::int64_t unused_since_ms = -1;  ///< no lane holds anything for it
  std::string refused;                ///< by the whole cluster: why; empty = not known to be

  bool rebuilding() const { return opening != 0 || open_at_ms >= 0; }
};

/// What to do with an entry that comes in: take it; go on without it, its
/// partition is behind from then on; wait for its partition; wait for memory.
enum class Intake : std::uint8_t { kTake, kPast, kBlock, kNoRoom };

std::string fewer_text(const Lane& lane);
/// An entry came to an offset at or below `before`, an earlier one's.
std::string offset_back_text(std::int32_t partition, const Slot& slot, std::int64_t before);

/// The inside of Core, which its files share. Each group of methods is in the
/// file named above it.
struct Core::State {
  explicit State(const CoreOptions& given)
      : options(given),
        random(given.seed),
        window(given.in_flight_entries_max, given.in_flight_bytes_max) {}

  // core.cc
  Lane& lane(LaneId id);
  Lane& at(std::int64_t now_ms, LaneId id);
  ChannelState& channel(Channel which) { return channels[index_of(which)]; }
  const ChannelState& channel(Channel which) const { return channels[index_of(which)]; }
  /// The next pump() looks at the lane.
  void touch(Lane& of);
  /// As touch(), at that time.
  void wake(Lane& of, std::int64_t at_ms);
  void note(const Lane& of, bool alarm, std::string text);
  void service(Lane& of);
  void flush(Lane& of);
  void pump();
  void timer();

  // core_intake.cc
  bool open(const Lane& lane) const;
  bool taking(const Lane& lane) const;
  /// Holds entries and settled none for a while.
  bool stuck(const Partition& partition) const;
  /// And enough to wait for, or to read past.
  bool stuck_enough(const Partition& partition) const;
  /// Is there a partition of the lane that entries behind this one's could go to?
  bool another_flows(const Lane& lane, const Partition& partition) const;
  std::size_t stray_cap(const Lane& lane) const;
  Intake past_or_block(const Lane& lane, const Partition& partition) const;
  Intake decide(Lane& lane, const Partition& partition, std::size_t bytes);
  void take(Lane& lane, Partition& partition, const EntryMeta& meta);
  /// One entry under the main cursor. False: the cursor stays before it.
  bool offer_one(Lane& lane, const EntryMeta& meta);
  void offer_main(Lane& lane, std::span<const EntryMeta> metas, Seq reached);
  void offer_behind(Lane& lane, ReadId read, Seq from, std::span<const EntryMeta> metas,
                    Seq reached);
  void count_for_purge(Lane& lane, std::span<const EntryMeta> metas, Seq reached);
  void drop(Handle handle) { commands.release.push_back(handle); }
  void drop_all(std::span<const EntryMeta> metas);
  /// Gives back all that the lane holds and starts over from its head, as after a restart.
  /// Nothing of it is in flight.
  void forget_held(Lane& lane);
  /// Gives back what is queued beyond the first entry; it is read again later.
  void trim(Lane& lane, Partition& partition);

  // core_reads.cc
  void want_read(Lane& lane);
  bool wants_read(const Lane& lane) const;
  bool main_wants(const Lane& lane) const;
  Partition* next_behind(const Lane& lane) const;
  bool still_blocked(const Lane& lane) const;
  bool room_to_read(const Lane& lane) const;
  void issue_reads();
  void read_lane(Lane& lane);
  void emit_read(Lane& lane, Lane::Cursor cursor, Seq from, std::size_t entries_max,
                 std::size_t bytes_max);
  void read_answered(Lane& of, ReadId read, std::span<const EntryMeta> metas, Seq reached);

  // core_handout.cc
  void hand_out(Lane& lane, Partition& partition);
  void send_one(Lane& lane, Partition& partition, ChannelState& producer);
  /// The next entry is old, and the producer pipelines: it is made anew first.
  bool too_old_to_pipeline(const Lane& lane, const Partition& partition);

  // core_reports.cc
  void report(const Report& given);
  void settle_front(Lane& of, Partition& partition);
  void compare_offset(const Lane& of, Partition& partition, const Slot& slot);
  void failed(Lane& of, Partition& partition, const Report& given);
  void failed_on_main(Lane& of, Partition& partition, const Report& given);
  void failed_on_probe(Lane& of, Partition& partition, const Report& given);
  void retry_later(Lane& of, Partition& partition);
  bool grace_over(std::int64_t& since_ms) const;
  bool missing(const Lane& of, Partition& partition) const;
  void renew_metadata(Channel which, Partition& partition);

  // core_channels.cc
  void rebuild(Channel which, std::string_view reason, bool drain);
  void open_due(Channel which);
  void ready(Channel which, Generation generation);
  void fatal(Channel which, Generation generation, kafka::Action action, std::string_view reason);
  void drain_no_more(Channel which);
  void rewind_lanes(Channel which);
  /// The channel is made anew on this partition's account.
  void trouble(Lane& of, Partition& partition);
  void watchdog();
  void count_standing();
  bool unacknowledged(const Lane& of, const Partition& partition) const;
  void make_anew_for(Lane& of, Partition& partition);
  /// Nothing of it is in flight.
  void close(Channel which);

  // core_mains.cc
  bool serial_now(const ChannelState& main) const;
  bool mains_need_care() const;
  void care_for_mains();
  void pipeline_again(Channel which);
  bool close_unused(Channel which);

  // core_trouble.cc
  void to_probe(Lane& of, std::string_view reason);
  void switch_channel(Lane& of);
  void maybe_clean(Lane& of);
  void stall(Lane& of, std::string_view reason);
  void suspect(Lane& of, Partition& partition, Seq seq);
  void clear_suspect(Lane& of, Partition& partition, Seq settled);
  void verdict(Lane& of, Partition& partition, std::string_view reason);
  void judge_fewer(Lane& of);
  void judge_stray(Lane& of, Partition& partition);
  void emit_bury(Lane& of);
  void buried(Lane& of, Seq seq, bool ok);
  void stop_everything(std::string_view reason);

  // core_topic.cc
  void seen(Lane& of, std::span<const std::int32_t> leaders);
  void update_leaders(Lane& of, std::span<const std::int32_t> leaders);
  void compare_count(Lane& of);
  void emit_record(Lane& of);
  void count_recorded(Lane& of, bool ok);
  void topic_error(Lane& of, const kafka::Failure& failure);
  void safety(Lane& of, std::string_view unsafe);

  // core_operator.cc
  bool accept(Lane& of);
  void service_accept(Lane& of);
  bool purge(Lane& of, Seq through);
  bool cancel_purge(Lane& of);
  void service_purge(Lane& of);
  void emit_purge(Lane& of);
  void purge_recorded(Lane& of, bool ok);

  // core_text.cc
  std::string lane_text(const Lane& lane) const;
  std::string topic_text(const Lane& lane) const;

  const CoreOptions options;
  std::int64_t now = 0;
  Random random;
  Window window;
  Commands commands;
  CoreStats stats;
  std::map<std::string, std::uint64_t> rebuilds;
  std::string stopped_reason;
  bool stopping = false;
  bool is_connected = true;
  std::int64_t connected_since_ms = 0;

  std::array<ChannelState, kChannels> channels;
  std::vector<std::unique_ptr<Lane>> lanes;  ///< by id
  std::vector<Lane*> busy;                   ///< hold entries
  std::vector<Lane*> touched;                ///< the next pump() looks at them
  std::set<std::pair<std::int64_t, LaneId>> wakes;
  std::int64_t tick_at_ms = -1;

  std::deque<Lane*> read_queue;
  std::size_t reads_out = 0;
  ReadId last_read = 0;

  std::size_t answers_out = 0;  ///< of the store, but reads: bury, record, purge
};

}  // namespace outbox::relay

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/backoff.h"
#include "relay/core_types.h"
#include "relay/limits.h"
#include "relay/partition.h"

namespace outbox::relay {

/// Lane::unsafe of a lane whose topic was not judged yet.
inline constexpr std::string_view kNotJudged = "the cluster's settings are not read yet";

/// One topic: its partitions, its cursors over the store, its progress, and
/// what keeps it from flowing.
class Lane {
 public:
  Lane(LaneId lane, const store::Progress& start, Seq durable_tail,
       std::span<const PartitionCount> history);

  /// The partition's state; made when first needed.
  Partition& partition(std::int32_t number);
  /// Null: nothing of it was seen yet.
  Partition* find(std::int32_t number) const;
  /// Does the topic lack this partition?
  bool stray(std::int32_t number) const {
    return static_cast<std::size_t>(number) >= leaders.size();
  }
  std::size_t stray_held() const;

  template <typename F>
  void for_each_partition(F f) {
    for (const auto& partition : partitions_) {
      if (partition) f(*partition);
    }
    for (const auto& stray : strays_) f(*stray.second);
  }

  /// Puts it on the list of those that hold entries or are behind.
  void activate(Partition& partition);
  /// Takes those off the list that no longer belong there.
  void prune();

  /// Counts the front of the partition as settled. The slot is the caller's then.
  Slot settle(Partition& partition, bool delivered);
  /// Brings progress() up to date; sets advance_due if that changed it.
  void refresh_progress();
  /// progress() as it will be once the front of the partition is dead.
  store::Progress progress_after_death(const Partition& partition) const;
  /// progress() as it will be once everything up to `through` is settled,
  /// `count` of it by a purge.
  store::Progress progress_after_purge(Seq through, std::uint64_t count) const;
  void purge_through(Seq through, std::uint64_t count);
  /// Forgets what is in memory, as after a restart; the slots were released.
  void restart_cursor();
  const store::Progress& progress() const { return progress_; }
  /// No partition settled anything above this.
  Seq scan_until() const { return scan_until_; }

  bool probing() const { return target == Channel::kProbe; }
  void live_on(Channel main) { home = channel = target = main; }

  const LaneId id;
  Seq tail;
  /// Next entry of the cursor that serves all partitions but those behind.
  Seq main_next;
  /// No entry at or above was ever placed or sent.
  Seq first_unplaced;

  // Memory and flight, over all partitions.
  std::size_t held = 0;
  std::size_t held_bytes = 0;
  std::size_t in_flight = 0;
  std::uint64_t delivered_pending = 0;  ///< not told to the store yet
  bool advance_due = false;             ///< nor is progress()
  std::vector<Partition*> active;       ///< hold entries, or are behind

  // The topic.
  std::vector<std::int32_t> leaders;
  bool seen = false;  ///< metadata is there and good
  std::string topic_trouble;
  std::int64_t topic_trouble_since_ms = -1;
  PartitionCount recorded;  ///< count 0: none
  PartitionCount recording;
  bool record_wanted = false;
  /// Kafka may have entries up to here that are not settled, sent by this process.
  Seq doubt_through = 0;
  Seq accepted_from = 0;  ///< not 0: an operator accepted the count from here on
  bool record_out = false;
  std::int64_t record_at_ms = 0;
  std::int64_t unknown_since_ms = -1;
  std::int64_t stray_since_ms = -1;

  // Its channel: its home, or the probe. Changes only while nothing is in flight.
  Channel home = Channel::kMain;
  Channel channel = Channel::kMain;
  Channel target = Channel::kMain;
  std::string probe_reason;
  std::int64_t probed_at_ms = -1;
  std::uint32_t suspects = 0;  ///< partitions with a suspect entry
  std::uint32_t clean = 0;     ///< deliveries since the last trouble
  std::uint32_t clean_wanted = kCleanDeliveriesMin;

  // What holds it.
  bool paused = false;
  std::string unsafe;  ///< why nothing may be sent; empty = it may
  /// Partitions than were recorded: seen, and for so long that the topic was made anew.
  enum class Fewer : std::uint8_t { kNo, kSeen, kHalted };
  Fewer fewer = Fewer::kNo;
  std::int64_t fewer_since_ms = 0;
  std::int64_t fewer_ask_at_ms = 0;
  bool accepting = false;  ///< once nothing is in flight
  std::string halted;      ///< reason; empty = not halted
  std::string stalled;     ///< reason; empty = not stalled
  std::int64_t stall_until_ms = 0;
  Backoff stall_backoff;

  // Dead letters on their way; one at a time.
  std::vector<Partition*> to_bury;
  bool bury_out = false;
  std::int64_t bury_at_ms = 0;

  // A purge.
  enum class Purge : std::uint8_t { kNone, kAwaiting, kCounting, kReady, kRecording };
  Purge purge = Purge::kNone;
  Seq purge_wanted = 0;  ///< as asked; 0 = the tail
  Seq purge_last = 0;    ///< what that means
  Seq purge_next = 0;
  std::uint64_t purge_count = 0;

  // Reads.
  enum class Cursor : std::uint8_t { kMain, kBehind, kPurge };
  ReadId read = 0;
  Cursor read_cursor = Cursor::kMain;
  Seq read_from = 0;
  bool read_queued = false;  ///< in the core's queue of lanes that want one
  bool main_turn = true;
  std::int64_t read_at_ms = 0;  ///< not before, after a failure
  std::string read_trouble;
  std::size_t need_bytes = 0;       ///< size of the entry that found no room
  Partition* blocked_by = nullptr;  ///< the main cursor waits for this one

  // Bookkeeping of the core.
  bool busy = false;     ///< in State::busy
  bool touched = false;  ///< in State::touched
  std::int64_t wake_at_ms = -1;

 private:
  Seq head_without(const Partition* skipped) const;
  /// Partitions that do not exist leave nothing behind once all is settled:
  /// callers may have named any number of them.
  void drop_strays();

  store::Progress progress_;
  std::uint64_t settled_total_ = 0;
  Seq scan_until_ = 0;
  std::vector<Partition*> dirty_;
  std::vector<std::unique_ptr<Partition>> partitions_;
  std::map<std::int32_t, std::unique_ptr<Partition>> strays_;
};

}  // namespace outbox::relay

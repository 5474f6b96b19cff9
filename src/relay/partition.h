#pragma once

#include <cstdint>
#include <string>

#include "base/backoff.h"
#include "base/ring.h"
#include "relay/core_types.h"

namespace outbox::relay {

/// An entry that the core holds: taken and not settled.
struct Slot {
  enum class State : std::uint8_t {
    kQueued,  ///< not handed to the present producer
    kSent,    ///< handed out, no report yet
    kDone,    ///< delivered, but an entry before it is not settled
    kFailed,  ///< reported, not delivered
  };
  Seq seq = 0;
  Handle handle = 0;
  std::int64_t sent_ms = 0;
  std::int64_t offset = -1;
  std::int64_t old_at_ms = 0;  ///< from then on the brokers may forget who sent it
  std::uint32_t bytes = 0;
  State state = State::kQueued;
  bool sent_before = false;
};

/// One partition of a lane: the entries in memory, in sequence order, and how
/// far they are. Settling happens at the front only.
class Partition {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  Partition(std::int32_t number, Seq settled_through, Seq delivered_through)
      : id(number), settled_seq(settled_through), delivered_seq(delivered_through) {}

  const Ring<Slot>& slots() const { return slots_; }
  bool empty() const { return slots_.empty(); }
  std::size_t held() const { return slots_.size(); }
  std::size_t held_bytes() const { return held_bytes_; }
  std::size_t in_flight() const { return in_flight_; }
  bool has_queued() const { return next_ < slots_.size(); }
  const Slot& first_queued() const { return slots_[next_]; }
  /// slots()[0, next()) were handed out since the last rewind.
  std::size_t next() const { return next_; }

  void push(const EntryMeta& meta, std::int64_t old_at_ms);
  /// Hands out the first queued one.
  Slot& send(std::int64_t now_ms);
  /// What the first queued one names as its predecessor.
  Seq prev() const { return next_ == 0 ? delivered_seq : slots_[next_ - 1].seq; }
  /// The sent, unreported slot of `seq`; kNone if there is none.
  std::size_t find_sent(Seq seq) const;
  void report(std::size_t index, Slot::State state, std::int64_t offset);
  bool front_done() const { return !empty() && slots_.front().state == Slot::State::kDone; }
  Slot pop_front();
  /// Removes the last one, which must be queued.
  Slot pop_queued();
  /// All are to be handed out again.
  void rewind();

  /// First entry that is not settled, as far as this partition knows; 0 = nothing known.
  Seq first_unsettled() const { return empty() ? behind_from : slots_.front().seq; }

  const std::int32_t id;
  Seq settled_seq;    ///< Progress::through
  Seq delivered_seq;  ///< what the next entry names as its predecessor

  /// Not 0: entries from here to the lane's main cursor were read past.
  Seq behind_from = 0;
  ReadId closed_in = 0;  ///< takes nothing more from this Read

  std::int32_t leader = -1;
  std::int64_t live_since_ms = 0;
  std::int64_t progress_ms = 0;   ///< last settlement, or when it began to hold entries
  std::int64_t active_ms = 0;     ///< last Produce or report
  std::int64_t last_offset = -1;  ///< of the last delivery seen

  Generation generation = 0;  ///< of the producer that it last handed an entry to
  bool slow = true;           ///< one message alone, then pipeline
  bool alone = false;         ///< that message is out
  /// A report was unclean: nothing more until all are reported, then a rewind.
  bool broken = false;
  std::int64_t retry_at_ms = 0;
  Backoff backoff;

  /// Entry with an error that may be a verdict: the lane probes until it is settled.
  Seq suspect = 0;
  std::int64_t missing_since_ms = -1;  ///< kUnknownPartition
  Seq trouble_seq = 0;
  std::uint32_t trouble = 0;  ///< rebuilds with trouble_seq at the front
  Generation trouble_generation = 0;
  int watchdog_doublings = 0;

  bool burying = false;  ///< the front is dead and waits for the store
  std::string death;

  bool active = false;  ///< in Lane::active
  bool dirty = false;   ///< in Lane::dirty

 private:
  Ring<Slot> slots_;
  std::size_t held_bytes_ = 0;
  std::size_t next_ = 0;
  std::size_t in_flight_ = 0;
  std::size_t expect_ = 0;  ///< where the next report should belong
};

}  // namespace outbox::relay

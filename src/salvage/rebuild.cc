#include "salvage/rebuild.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace outbox::salvage {
namespace {

constexpr Seq kNever = std::numeric_limits<Seq>::max();

Message salvaged(const Pile& pile, const std::string& topic, const store::RecordView& record,
                 Seq seq) {
  Message message = store::to_message(topic, record);
  message.headers.push_back(
      {kSalvagedHeader,
       store::session_prefix(pile.outbox_id(), record.session) + std::to_string(seq)});
  return message;
}

/// One lane on its way from the pile to the sinks.
class LaneRebuild {
 public:
  LaneRebuild(const Pile& pile, store::LaneId lane, Seq durable)
      : pile_(pile), lane_(lane), stored_(pile.lanes().at(lane)) {
    const Seq head = stored_.record.progress.head;
    known_through_ = std::max({durable, stored_.record.tail, head - 1});
    report_.lane = lane;
    report_.topic = stored_.topic;
    report_.repeated_max = stored_.record.progress.settled_above_head;
  }

  Status entries(Sink& sink) {
    const Seq head = stored_.record.progress.head;
    Pile::Cursor data(pile_, Family::kData, lane_, head);
    Pile::Cursor dead(pile_, Family::kDead, lane_, head);
    report_.add(Fate::kSettled, 1, head - 1);
    Seq next = head;
    while (data.seq() || dead.seq()) {
      const Seq seq = std::min(data.seq().value_or(kNever), dead.seq().value_or(kNever));
      report_.add(Fate::kMissing, next, seq - 1);
      if (dead.seq() == seq) {
        report_.add(Fate::kDead, seq, seq);
        dead.next();
      } else if (Status status = recover(data.value(), seq, sink); !status.ok()) {
        return status;
      }
      if (data.seq() == seq) data.next();
      next = seq + 1;
    }
    report_.add(Fate::kMissing, next, known_through_);
    if (Status status = data.status(); !status.ok()) return status;
    if (Status status = dead.status(); !status.ok()) return status;
    return sink.finish();
  }

  /// After entries(): a requeued one whose new entry is missing is still needed.
  Status dead_letters(Sink& sink) {
    std::uint64_t waiting = 0;
    Pile::Cursor scan(pile_, Family::kDead, lane_, 0);
    for (; scan.seq(); scan.next()) {
      const Seq seq = *scan.seq();
      const auto dead = store::decode_dead(scan.value());
      if (!dead.ok()) return dead.status();
      if (dead->requeued_as == 0 && pile_.dropped(stored_.topic, seq)) continue;
      if (dead->requeued_as == 0) ++waiting;
      if (dead->requeued_as != 0 && !missing(dead->requeued_as)) continue;
      const auto record = store::decode(dead->record, lane_, seq);
      if (!record.ok()) return record.status();
      const auto taken = sink.take(salvaged(pile_, stored_.topic, *record, seq));
      if (!taken.ok()) return taken.status();
      report_.dead_letters.push_back({seq, dead->reason});
    }
    const std::uint64_t counted = stored_.record.dead;
    report_.dead_letters_missing = counted - std::min(counted, waiting);
    return scan.status();
  }

  LaneReport take_report() { return std::move(report_); }

 private:
  Status recover(std::string_view bytes, Seq seq, Sink& sink) {
    const auto record = store::decode(bytes, lane_, seq);
    if (!record.ok()) return record.status();
    const auto as = sink.take(salvaged(pile_, stored_.topic, *record, seq));
    if (!as.ok()) return as.status();
    report_.add(Fate::kRecovered, seq, seq, *as);
    return {};
  }

  bool missing(Seq seq) const {
    return std::any_of(report_.ranges.begin(), report_.ranges.end(), [&](const Range& range) {
      return range.fate == Fate::kMissing && range.from <= seq && seq <= range.through;
    });
  }

  const Pile& pile_;
  const store::LaneId lane_;
  const PiledLane& stored_;
  Seq known_through_ = 0;
  LaneReport report_;
};

}  // namespace

Result<LaneReport> rebuild_lane(const Pile& pile, store::LaneId lane, Seq durable, Sink& entries,
                                Sink& dead_letters) {
  LaneRebuild rebuild(pile, lane, durable);
  if (Status status = rebuild.entries(entries); !status.ok()) return status;
  if (Status status = rebuild.dead_letters(dead_letters); !status.ok()) return status;
  return rebuild.take_report();
}

}  // namespace outbox::salvage

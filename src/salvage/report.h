#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "outbox/message.h"
#include "store/format.h"

namespace outbox::salvage {

/// What became of a stretch of a lane's numbers.
enum class Fate {
  kSettled,    ///< delivered, dead or purged before: below the recorded head
  kRecovered,  ///< in the new outbox, or in the lane's file
  kDead,       ///< a dead letter, or one that was requeued
  kMissing,    ///< was durable, and is nowhere
};
const char* name_of(Fate fate);

struct Range {
  Fate fate = Fate::kMissing;
  Seq from = 0;
  Seq through = 0;
  Seq as_from = 0;  ///< kRecovered in the new outbox: the number of `from` there
};

struct DeadLetterLine {
  Seq seq = 0;
  std::string reason;
};

struct LaneReport {
  store::LaneId lane = 0;
  std::string topic;  ///< empty: its name is lost
  std::string file;   ///< where its entries are when its name is lost
  std::vector<Range> ranges;
  std::vector<DeadLetterLine> dead_letters;  ///< written to dead-letters.ndjson, in order
  std::uint64_t dead_letters_missing = 0;
  /// Recovered entries that may have been delivered before: settled above the head.
  std::uint64_t repeated_max = 0;

  /// Lengthens the last range when it goes on, else begins one.
  void add(Fate fate, Seq from, Seq through, Seq as_from = 0);
  std::uint64_t count(Fate fate) const;
  std::string title() const { return topic.empty() ? "lane " + std::to_string(lane) : topic; }
};

struct Report {
  std::vector<LaneReport> lanes;
  std::vector<std::string> notes;

  std::uint64_t count(Fate fate) const;
  /// Nothing is missing, and every lane has its name.
  bool complete() const;
  /// One JSON object a line.
  std::string ndjson() const;
};

}  // namespace outbox::salvage

#include "model/log_check.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace outbox::model {
namespace {

/// One partition of one lane, as a consumer sees it.
class PartitionReader {
 public:
  PartitionReader(Shared& shared, LaneId lane, std::int32_t partition)
      : shared_(shared), lane_(lane), partition_(partition) {}

  std::uint64_t read(const SimPartition& from) {
    const bool recreated = shared_.broker.topics().at(lane_).remade;
    number(from);
    check_repeats(from);
    Seq high = 0;
    std::uint64_t duplicates = 0;
    std::set<Seq> seen;
    for (const WireMessage& m : from.log) {
      // Where the order may be broken, one that is late is the first of its kind nevertheless.
      duplicates += seen.insert(m.seq).second ? 0 : 1;
      expect(m.seq <= lane().tail(), "a phantom", m.seq);
      expect(recreated || lane().partition_of(m.seq) == partition_, "in a wrong partition", m.seq);
      if (m.seq > high && firsts_.contains(m.seq)) {
        check_prev(m, high);
        high = m.seq;
      } else {
        expect(from.order_broken || m.seq <= high, "out of order", m.seq);
      }
    }
    return duplicates;
  }
  bool has(Seq seq) const { return all_.contains(seq); }

 private:
  const SimLane& lane() const { return shared_.store.lanes().at(lane_); }
  void expect(bool held, std::string_view what, Seq seq) {
    shared_.verdicts.expect(held, [&] {
      return std::string(what) + ": lane " + std::to_string(lane_) + " partition " +
             std::to_string(partition_) + " seq " + std::to_string(seq);
    });
  }

  /// First occurrences; one that comes after a higher one is out of order.
  void number(const SimPartition& from) {
    Seq high = 0;
    for (const WireMessage& m : from.log) {
      if (!all_.insert(m.seq).second) continue;
      expect(from.order_broken || m.seq > high, "out of order", m.seq);
      if (m.seq < high) continue;
      high = m.seq;
      firsts_.insert(m.seq);
    }
  }

  /// A repeat leaves nothing out. In the order of hand-out: what is on the wire of a producer
  /// that was given up may arrive among the messages of its successor, and nobody can call it
  /// back. Two repeats are then interleaved, the first occurrences still in order.
  void check_repeats(const SimPartition& from) {
    if (from.order_broken) return;
    std::vector<WireMessage> messages = from.log;
    std::stable_sort(messages.begin(), messages.end(),
                     [](const auto& a, const auto& b) { return a.hand_out < b.hand_out; });
    Seq last = 0;
    for (const WireMessage& m : messages) {
      expect(m.seq <= last || only_given_up_between(last, m.seq), "a repeat that leaves some out",
             m.seq);
      last = m.seq;
    }
  }

  bool given_up(Seq seq) const { return lane().dead.contains(seq) || lane().purged.contains(seq); }

  /// What Kafka has between the two was purged before it could be repeated.
  bool only_given_up_between(Seq low, Seq high) const {
    for (Seq seq = low + 1; seq < high; ++seq) {
      if (firsts_.contains(seq) && !given_up(seq)) return false;
    }
    return true;
  }

  /// prev names the message before, or one in between that was given up later;
  /// what was given up although Kafka has it need not be named.
  void check_prev(const WireMessage& m, Seq high) {
    Seq before = high;
    while (before > 0 && before != m.prev &&
           (given_up(before) || lane().partition_of(before) != partition_)) {
      --before;
    }
    const bool named = m.prev == before;
    const bool later_given_up = m.prev > high && given_up(m.prev);
    const SimTopic& topic = shared_.broker.topics().at(lane_);
    const bool broken = topic.partitions[static_cast<std::size_t>(partition_)].order_broken;
    const bool before_deletion = high == 0 && !topic.deleted.empty();
    if (broken || named || later_given_up || before_deletion) return;
    expect(false, "outbox-prev " + std::to_string(m.prev) + " after " + std::to_string(high),
           m.seq);
  }

  Shared& shared_;
  const LaneId lane_;
  const std::int32_t partition_;
  std::set<Seq> all_;
  std::set<Seq> firsts_;
};

void check_ledger(Shared& shared, LaneId id, const SimLane& lane) {
  const std::uint64_t settled = lane.delivered + lane.dead.size() + lane.purged.size();
  shared.verdicts.expect(settled == lane.tail(),
                         "the ledger of lane " + std::to_string(id) +
                             " does not balance: " + std::to_string(lane.tail()) + " appended, " +
                             std::to_string(lane.delivered) + " delivered, " +
                             std::to_string(lane.dead.size()) + " dead, " +
                             std::to_string(lane.purged.size()) + " purged");
}

}  // namespace

std::uint64_t check_logs(Shared& shared) {
  std::uint64_t duplicates = 0;
  for (const auto& [id, lane] : shared.store.lanes()) {
    const SimTopic& topic = shared.broker.topic(id);
    std::vector<PartitionReader> readers;
    for (std::size_t p = 0; p < topic.partitions.size(); ++p) {
      readers.emplace_back(shared, id, static_cast<std::int32_t>(p));
      duplicates += readers.back().read(topic.partitions[p]);
    }
    for (Seq seq = 1; seq <= lane.tail(); ++seq) {
      if (lane.dead.contains(seq) || lane.purged.contains(seq)) continue;
      const auto at = static_cast<std::size_t>(lane.partition_of(seq));
      shared.verdicts.expect(
          topic.deleted.contains(seq) || (at < readers.size() && readers[at].has(seq)),
          [&] { return "lost: lane " + std::to_string(id) + " seq " + std::to_string(seq); });
    }
    check_ledger(shared, id, lane);
  }
  return duplicates;
}

}  // namespace outbox::model

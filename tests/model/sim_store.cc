#include "model/sim_store.h"

#include <algorithm>

namespace outbox::model {
namespace {

std::string name(LaneId lane, Seq seq) {
  return "lane " + std::to_string(lane) + " seq " + std::to_string(seq);
}

/// Nothing above is settled.
Seq highest_settled(const Progress& progress) {
  Seq highest = progress.head - 1;
  for (const auto& [partition, through] : progress.through) highest = std::max(highest, through);
  return highest;
}

}  // namespace

bool SimStore::append(LaneId id, const std::vector<SimEntry>& entries) {
  if (backend_ != nullptr && !backend_->append(id, entries)) return false;
  lanes_[id].add(entries);
  if (backend_ == nullptr) make_durable();
  return true;
}

void SimStore::sync() {
  if (backend_ == nullptr || backend_->sync()) make_durable();
}

bool SimStore::read(LaneId id, Seq from, std::size_t count) {
  return backend_ == nullptr || count == 0 || backend_->read(id, from, count, lanes_[id]);
}

/// It may know less than was said, but all that it knows was said once, so the
/// step to it must be as honest as any other.
void SimStore::adopt(LaneId id, const Progress& progress, std::uint64_t delivered) {
  SimLane& l = lanes_[id];
  l.progress = l.durable;
  l.delivered = l.durable_delivered;
  verdicts_.expect(delivered >= l.delivered, "deliveries are forgotten");
  check_step(id, l, progress, delivered - l.delivered);
  l.progress = l.durable = progress;
  l.delivered = l.durable_delivered = delivered;
}

void SimStore::make_durable() {
  for (auto& [id, l] : lanes_) {
    l.durable = l.progress;
    l.durable_delivered = l.delivered;
  }
}

void SimStore::kill() {
  for (auto& [id, l] : lanes_) {
    l.progress = l.durable;
    l.delivered = l.durable_delivered;
  }
}

bool SimStore::logged(LaneId id, std::int32_t partition, Seq seq) const {
  const auto topic = broker_.topics().find(id);
  if (topic == broker_.topics().end() || partition < 0) return false;
  if (topic->second.deleted.contains(seq)) return true;
  const auto at = static_cast<std::size_t>(partition);
  if (at >= topic->second.partitions.size()) return false;
  const auto& log = topic->second.partitions[at].log;
  return std::any_of(log.rbegin(), log.rend(),
                     [seq](const WireMessage& m) { return m.seq == seq; });
}

/// Whatever becomes settled must be in Kafka, dead or purged; the counts must
/// agree with it; nothing goes back.
void SimStore::check_step(LaneId id, const SimLane& l, const Progress& to,
                          std::uint64_t delivered) {
  const Progress& from = l.progress;
  verdicts_.expect(to.head >= from.head, [&] { return "head went back in " + name(id, to.head); });
  verdicts_.expect(to.head <= l.tail() + 1,
                   [&] { return "head beyond the tail in " + name(id, to.head); });
  for (const auto& [partition, through] : from.through) {
    const auto found = to.through.find(partition);
    verdicts_.expect((found != to.through.end() && found->second >= through) || through < to.head,
                     [&] { return "through went back in " + name(id, through); });
  }
  std::uint64_t above = 0;
  std::uint64_t newly_delivered = 0;
  const Seq last = std::min(l.tail(), std::max(highest_settled(from), highest_settled(to)));
  for (Seq seq = from.head; seq <= last; ++seq) {
    const std::int32_t partition = l.partition_of(seq);
    const bool now = to.settled(partition, seq);
    if (now && seq >= to.head) ++above;
    if (!now || from.settled(partition, seq)) {
      verdicts_.expect(now || !from.settled(partition, seq),
                       [&] { return "unsettled again: " + name(id, seq); });
      continue;
    }
    if (l.dead.contains(seq) || l.purged.contains(seq)) continue;
    ++newly_delivered;
    verdicts_.expect(logged(id, partition, seq),
                     [&] { return "settled but not in Kafka: " + name(id, seq); });
  }
  verdicts_.expect(above == to.settled_above_head, [&] {
    return "settled_above_head is wrong in lane " + std::to_string(id) + ": " +
           std::to_string(to.settled_above_head) + ", not " + std::to_string(above);
  });
  verdicts_.expect(newly_delivered == delivered, [&] {
    return "delivered is wrong in lane " + std::to_string(id) + ": " + std::to_string(delivered) +
           ", not " + std::to_string(newly_delivered);
  });
}

void SimStore::advance(LaneId id, const Progress& progress, std::uint64_t delivered) {
  SimLane& l = lanes_[id];
  check_step(id, l, progress, delivered);
  if (backend_ != nullptr) backend_->advance(id, progress, delivered);
  l.progress = progress;
  l.delivered += delivered;
}

bool SimStore::bury(LaneId id, Seq seq, std::int32_t partition, const std::string& reason,
                    const Progress& progress) {
  SimLane& l = lanes_[id];
  verdicts_.expect(!l.dead.contains(seq), "died twice: " + name(id, seq));
  verdicts_.expect(!l.progress.settled(partition, seq), "died settled: " + name(id, seq));
  if (backend_ != nullptr && !backend_->bury(id, seq, partition, reason, progress)) return false;
  l.dead[seq] = reason;
  const auto topic = broker_.topics().find(id);
  // A partition that callers name, or that a topic made anew lacks, may come to exist just when
  // its entries die.
  const bool missing = l.entry(seq).given.has_value() || topic->second.remade ||
                       topic->second.partitions.size() <= static_cast<std::size_t>(partition);
  verdicts_.expect(missing || topic->second.poison.contains(seq),
                   "an innocent died: " + name(id, seq) + " (" + reason + ")");
  check_step(id, l, progress, 0);
  l.progress = progress;
  make_durable();
  return true;
}

void SimStore::record_purge(LaneId id, Seq from, Seq through, std::uint64_t count,
                            const Progress& progress) {
  SimLane& l = lanes_[id];
  std::uint64_t pending = 0;
  for (Seq seq = std::min(from, l.progress.head); seq <= through; ++seq) {
    if (l.progress.settled(l.partition_of(seq), seq)) continue;
    l.purged.insert(seq);
    ++pending;
  }
  verdicts_.expect(pending == count, "purged " + std::to_string(count) + ", not " +
                                         std::to_string(pending) + " in lane " +
                                         std::to_string(id));
  check_step(id, l, progress, 0);
  l.progress = progress;
  make_durable();
}

bool SimStore::requeue(LaneId id, Seq seq) {
  SimLane& l = lanes_[id];
  const SimEntry entry = l.entry(seq);
  if (backend_ != nullptr && !backend_->requeue(id, seq, entry)) return false;
  l.add({entry});
  l.requeued[seq] = l.tail();
  make_durable();
  return true;
}

bool SimStore::record_count(LaneId id, PartitionCount count) {
  if (backend_ != nullptr && !backend_->record_count(id, count)) return false;
  lanes_[id].record(count);
  return true;
}

std::uint64_t SimStore::unrecorded() const {
  std::uint64_t entries = 0;
  for (const auto& [id, l] : lanes_) {
    entries += l.progress.settled_entries() - l.durable.settled_entries();
  }
  return entries;
}

bool SimStore::drained() const {
  return std::all_of(lanes_.begin(), lanes_.end(), [](const auto& each) {
    return each.second.progress.head > each.second.tail();
  });
}

}  // namespace outbox::model

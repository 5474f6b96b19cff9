#include "core_rig.h"

#include <algorithm>

#include "base/check.h"

namespace outbox::relay::test {

CoreOptions small_options() {
  CoreOptions options;
  options.in_flight_entries_max = 64;
  options.in_flight_bytes_max = 64'000;
  options.seed = 1;
  return options;
}

CoreRig::CoreRig(const CoreOptions& options) : core(std::make_unique<Core>(options)) {
  core->start(now);
  run();
}

CoreRig::~CoreRig() { OUTBOX_CHECK(held_.size() == core->stats().held_entries); }

void CoreRig::bare_lane(LaneId id) {
  lanes[id] = {};
  core->add_lane(now, id, {}, 0, {});
}

void CoreRig::lane(LaneId id, int partitions) {
  StoredLane& of = lanes[id];
  of.history = {{1, partitions, 1'000}};
  of.leaders.assign(static_cast<std::size_t>(partitions), 1);
  core->add_lane(now, id, of.progress, 0, of.history);
  core->topic_seen(now, id, of.leaders);
  run();
}

EntryMeta CoreRig::meta(LaneId id, Seq seq) {
  held_.insert(++last_handle_);
  return {seq, last_handle_, lanes[id].bytes[seq - 1], lanes[id].partitions[seq - 1], age_ms};
}

void CoreRig::append(LaneId id, const std::vector<std::int32_t>& partitions, std::uint32_t bytes) {
  StoredLane& of = lanes[id];
  of.partitions.insert(of.partitions.end(), partitions.begin(), partitions.end());
  of.bytes.resize(of.partitions.size(), bytes);
  of.told = of.partitions.size();
  core->lane_available(now, id, of.told);
  run();
}

void CoreRig::append_fresh(LaneId id, const std::vector<std::int32_t>& partitions,
                           std::uint32_t bytes) {
  StoredLane& of = lanes[id];
  const Seq first = of.partitions.size() + 1;
  of.partitions.insert(of.partitions.end(), partitions.begin(), partitions.end());
  of.bytes.resize(of.partitions.size(), bytes);
  of.told = of.partitions.size();
  std::vector<EntryMeta> metas;
  for (Seq seq = first; seq <= of.told; ++seq) metas.push_back(meta(id, seq));
  core->fresh(now, id, metas);
  run();
}

void CoreRig::leaders(LaneId id, const std::vector<std::int32_t>& brokers) {
  lanes[id].leaders = brokers;
  core->topic_seen(now, id, brokers);
  run();
}

void CoreRig::run() {
  core->pump(now);
  while (!core->commands().empty()) {
    execute();
    core->pump(now);
  }
  held_max = std::max(held_max, core->stats().held_entries);
}

void CoreRig::at(std::int64_t ms) {
  while (core->next_deadline_ms() >= 0 && core->next_deadline_ms() <= ms) {
    now = std::max(now, core->next_deadline_ms());
    core->timer(now);
    run();
  }
  now = std::max(now, ms);
  core->timer(now);
  run();
}

void CoreRig::execute() {
  Commands todo;
  std::swap(todo, core->commands());
  for (const Produce& produce : todo.produce) sent.push_back(produce);
  for (const Settled& end : todo.settled) {
    settled.push_back(end);
    if (!end.death.empty()) deaths.emplace_back(end.death);
  }
  for (const Advance& advance : todo.advance) {
    lanes[advance.lane].progress = *advance.progress;
    lanes[advance.lane].delivered += advance.delivered;
    if (!auto_durable) unrecorded += advance.delivered;
  }
  core->unrecorded(unrecorded);
  for (const Handle handle : todo.release) OUTBOX_CHECK(held_.erase(handle) == 1);
  for (const Note& note : todo.notes) notes.push_back(note);
  closes += todo.close.size();
  refreshes += todo.refresh_topics.size();
  for (const OpenProducer& open : todo.open) {
    opens.push_back(open);
    if (auto_ready) ready(open);
  }
  for (const Bury& bury : todo.bury) {
    buries.push_back(bury);
    if (!auto_bury) continue;
    lanes[bury.lane].progress = bury.progress;
    core->buried(now, bury.lane, bury.seq, true);
  }
  for (const Purged& purge : todo.purged) {
    purges.push_back(purge);
    if (!auto_purge) continue;
    lanes[purge.lane].progress = purge.progress;
    core->purge_recorded(now, purge.lane, true);
  }
  for (const RecordPartitionCount& record : todo.record_counts) {
    records.push_back(record);
    if (!auto_record) continue;
    lanes[record.lane].history.push_back(record.count);
    core->partition_count_recorded(now, record.lane, true);
  }
  for (const Read& read : todo.reads) {
    reads.push_back(read);
    if (auto_read) answer(read);
  }
}

void CoreRig::ready(const OpenProducer& open) {
  ++ready_opens_;
  if (open.generation == 0) return;
  std::erase_if(sent, [&](const Produce& p) { return p.channel == open.channel; });
  core->producer_ready(now, open.channel, open.generation);
}

void CoreRig::make_ready() {
  while (ready_opens_ < opens.size()) ready(opens[ready_opens_]);
  run();
}

void CoreRig::answer(const Read& read) {
  std::vector<EntryMeta> metas;
  std::size_t bytes = 0;
  for (Seq seq = read.from; seq <= lanes[read.lane].told; ++seq) {
    const std::uint32_t size = lanes[read.lane].bytes[seq - 1];
    if (metas.size() >= read.entries_max) break;
    if (!metas.empty() && bytes + size > read.bytes_max) break;
    metas.push_back(meta(read.lane, seq));
    bytes += size;
  }
  core->entries(now, read.lane, read.id, metas, metas.empty() ? read.from - 1 : metas.back().seq);
}

std::string CoreRig::out() const {
  std::string text;
  for (const Produce& p : sent) {
    if (!text.empty()) text += ' ';
    text += std::to_string(p.lane) + "/" + std::to_string(p.partition) + "/" +
            std::to_string(p.seq) + (p.channel == Channel::kProbe ? "?" : "");
  }
  return text;
}

Produce CoreRig::take(LaneId id, Seq seq) {
  const auto found =
      std::ranges::find_if(sent, [&](const Produce& p) { return p.lane == id && p.seq == seq; });
  OUTBOX_CHECK(found != sent.end());
  const Produce produce = *found;
  sent.erase(found);
  return produce;
}

void CoreRig::deliver(LaneId id, Seq seq, std::int64_t offset) {
  const Produce p = take(id, seq);
  const Report report{p.channel, p.generation,        id,     p.partition,
                      seq,       Outcome::kDelivered, offset, {}};
  core->reports(now, {&report, 1});
  run();
}

void CoreRig::deliver_all() {
  while (!sent.empty()) deliver(sent.front().lane, sent.front().seq);
}

void CoreRig::report(LaneId id, Seq seq, Outcome outcome) {
  const Produce p = take(id, seq);
  const Report report{p.channel, p.generation, id, p.partition, seq, outcome, -1, {}};
  core->reports(now, {&report, 1});
  run();
}

void CoreRig::fail(LaneId id, Seq seq, kafka::Action action, std::string_view reason,
                   bool possibly_persisted) {
  const Produce p = take(id, seq);
  const Report report{p.channel, p.generation,    id, p.partition,
                      seq,       Outcome::kError, -1, {action, reason, possibly_persisted}};
  core->reports(now, {&report, 1});
  run();
}

void CoreRig::refuse(LaneId id, Seq seq, kafka::Action action, std::string_view reason) {
  const Produce p = take(id, seq);
  const Report report{p.channel, p.generation,      id, p.partition,
                      seq,       Outcome::kRefused, -1, {action, reason, false}};
  core->reports(now, {&report, 1});
  run();
}

void CoreRig::fatal(Channel channel, kafka::Action action, std::string_view reason) {
  Generation generation = 0;
  for (const OpenProducer& open : opens) {
    if (open.channel == channel) generation = open.generation;
  }
  core->producer_fatal(now, channel, generation, action, reason);
  run();
}

void CoreRig::restart(const CoreOptions& options) {
  core = std::make_unique<Core>(options);
  held_.clear();
  sent.clear();
  core->start(now);
  for (auto& [id, of] : lanes) {
    core->add_lane(now, id, of.progress, of.told, of.history);
    if (!of.leaders.empty()) core->topic_seen(now, id, of.leaders);
  }
  run();
}

std::size_t CoreRig::rebuilds(const std::string& reason) const {
  const auto found = core->rebuilds().find(reason);
  return found == core->rebuilds().end() ? 0 : found->second;
}

}  // namespace outbox::relay::test

#include <rocksdb/write_batch.h>

#include <algorithm>

#include "inbox/engine.h"

namespace outbox::inbox {
namespace {

using kafka::PartitionOffset;
using kafka::TopicPartition;

constexpr std::int64_t kResolveAgain_ms = 1'000;
// librdkafka's logical end of a partition: where one waits of which nothing is known yet.
constexpr std::int64_t kOffsetEnd = -1;

/// Brokers that do not answer, or not yet.
bool passes_by_itself(const Status& status) {
  return status.code() == Code::kKafka || status.code() == Code::kTimeout;
}

}  // namespace

Status Engine::begin() {
  if (options_.partitions.empty()) return consumer_->subscribe(options_.topics);
  kafka::Assigned all;
  for (const auto& [topic, numbers] : options_.partitions) {
    for (const std::int32_t number : numbers) all.partitions.push_back({topic, number});
  }
  // Answered by the poll thread, like the group's.
  events_.emplace_back(std::move(all));
  return {};
}

void Engine::take(const kafka::Assigned& assigned) {
  ++tally_.rebalances;
  last_slot_ = nullptr;
  {
    const std::lock_guard lock(mutex_);
    for (const TopicPartition& where : assigned.partitions) slots_[where] = Slot();
  }
  std::vector<PartitionOffset> starts = resolve(assigned.partitions);
  for (const TopicPartition& where : assigned.partitions) {
    if (!slots_[where].partition) starts.push_back({where, kOffsetEnd, {}});
  }
  const Status status = consumer_->assign(starts);
  if (!status.ok()) log_->warn("inbox: {}", status.message());
  pause_where_needed();
}

/// Those whose start is known now, with it.
std::vector<PartitionOffset> Engine::resolve(const Partitions& partitions) {
  std::vector<PartitionOffset> starts;
  if (partitions.empty()) return starts;
  const auto committed = consumer_->committed(partitions, kAskTimeout);
  if (!committed.ok()) {
    log_->warn("inbox: {}; trying again", committed.status().message());
    return starts;
  }
  const auto not_now = [this](const Status& status) {
    if (!passes_by_itself(status)) return fail(status);
    log_->warn("inbox: {}; trying again", status.message());
  };
  std::vector<Found> found;
  found.reserve(committed->size());
  for (const PartitionOffset& at : *committed) {
    auto one = look_up(at);
    if (!one.ok()) {
      not_now(one.status());
      continue;
    }
    found.push_back(std::move(*one));
  }
  if (const Status kept = keep_starts(found); !kept.ok()) {
    not_now(kept);
    std::erase_if(found, [](const Found& one) { return !one.facts.committed; });
  }
  for (Found& one : found) starts.push_back(place(std::move(one)));
  return starts;
}

Result<Engine::Found> Engine::look_up(const PartitionOffset& committed) {
  Found found;
  found.where = committed.where;
  if (store_) {
    auto loaded = store_->load(found.where);
    if (!loaded.ok()) return loaded.status();
    found.known = std::move(*loaded);
  }
  StartFacts& facts = found.facts;
  facts.metadata = metadata_;
  facts.from_latest = options_.start == InboxStart::kLatest;
  facts.window = options_.dedup_window_messages;
  if (found.known.position) facts.local = found.known.position->offset;
  if (committed.offset >= 0) facts.committed = {committed.offset, committed.metadata};
  if (needs_ends(facts)) {
    const auto ends = consumer_->ends(found.where, kAskTimeout);
    if (!ends.ok()) return ends.status();
    facts.low = ends->low;
    facts.high = ends->high;
  }
  found.start = choose_start(facts);
  return found;
}

/// Before the first message of partitions for which nobody has committed anything: whoever has
/// them after a death with messages in hand would begin elsewhere (at another end, or behind what
/// retention took), in silence.
Status Engine::keep_starts(const std::vector<Found>& found) {
  rocksdb::WriteBatch batch;
  std::vector<PartitionOffset> starts;
  for (const Found& one : found) {
    if (one.facts.committed) continue;
    const std::int64_t position = one.start.position;
    starts.push_back({one.where, position, metadata_});
    if (store_ && !one.facts.local) store_->put_position(batch, one.where, {position, position});
  }
  if (starts.empty()) return {};
  if (batch.Count() > 0) {
    if (Status status = store_->write(batch); !status.ok()) return status;
    if (Status status = store_->sync(); !status.ok()) return status;
  }
  return consumer_->commit(starts);
}

PartitionOffset Engine::place(Found found) {
  const TopicPartition where = found.where;
  const StartFacts& facts = found.facts;
  const std::int64_t ours = found.known.position ? found.known.position->committed : 0;
  if (const std::int64_t repeats = repeats_of(facts, ours, found.known.done); repeats > 0) {
    tally_.possible_repeats += static_cast<std::uint64_t>(repeats);
    tell({InboxEvent::Kind::kRepeats, where.topic, where.partition, found.start.position,
          static_cast<std::uint64_t>(repeats), "another store went on from an older commit"});
  }
  // A local position is looked for by the fetch itself. Any other is looked at here: what is read
  // back before it would hide that it is not there.
  const auto lost =
      needs_ends(facts) ? out_of_range(found.start.position, facts.low, facts.high) : std::nullopt;
  auto partition = std::make_shared<Partition>(where, found.start, std::move(found.known),
                                               dedup_limits(), store_.get());
  Slot& slot = slots_[where];
  {
    const std::lock_guard lock(mutex_);
    slot.partition = std::move(partition);
    slot.lost_range = lost.has_value();
  }
  if (lost) halt(where, slot, describe(*lost));
  return PartitionOffset{where, lost ? facts.low : found.start.read_from, {}};
}

/// Partitions whose start could not be found out when they were assigned.
void Engine::resolve_pending() {
  Partitions unknown;
  for (auto& [where, slot] : slots_) {
    if (!slot.partition) unknown.push_back(where);
  }
  const bool some_ends = std::any_of(slots_.begin(), slots_.end(),
                                     [](const auto& slot) { return slot.second.ends_wanted; });
  if ((unknown.empty() && !some_ends) || !every(resolved_ms_, kResolveAgain_ms)) return;
  for (const PartitionOffset& start : resolve(unknown)) {
    const Status status = consumer_->seek(start);
    if (!status.ok()) log_->warn("inbox: {}", status.message());
  }
  for (auto& [where, slot] : slots_) {
    if (slot.ends_wanted) look_for_ends(where, slot);
  }
  pause_where_needed();
}

DedupLimits Engine::dedup_limits() const {
  return {options_.sessions_of_outbox_max, options_.session_idle_ms.count(), options_.sessions_max};
}

}  // namespace outbox::inbox

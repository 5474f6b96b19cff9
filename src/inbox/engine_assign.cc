#include <algorithm>

#include "inbox/engine.h"

namespace outbox::inbox {
namespace {

using kafka::PartitionOffset;
using kafka::TopicPartition;
using std::chrono::milliseconds;

constexpr milliseconds kAskTimeout{5'000};
constexpr std::int64_t kResolveAgain_ms = 1'000;
constexpr milliseconds kRestartWait{1'000};
// librdkafka's logical end of a partition: where one waits of which nothing is known yet.
constexpr std::int64_t kOffsetEnd = -1;

DedupLimits dedup_limits(const InboxOptions& options) {
  return {options.sessions_of_outbox_max, options.session_idle_ms.count(), options.sessions_max};
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
  for (const PartitionOffset& at : *committed) {
    auto start = place(at);
    if (start.ok()) {
      starts.push_back(std::move(*start));
    } else if (start.status().code() == Code::kKafka) {
      log_->warn("inbox: {}; trying again", start.status().message());
    } else {
      fail(start.status());
    }
  }
  return starts;
}

Result<PartitionOffset> Engine::place(const PartitionOffset& committed) {
  const TopicPartition& where = committed.where;
  StoredPartition known;
  if (store_) {
    auto loaded = store_->load(where);
    if (!loaded.ok()) return loaded.status();
    known = std::move(*loaded);
  }
  StartFacts facts;
  facts.metadata = metadata_;
  facts.from_latest = options_.start == InboxStart::kLatest;
  facts.window = options_.dedup_window_messages;
  if (known.position) facts.local = known.position->offset;
  if (committed.offset >= 0) facts.committed = {committed.offset, committed.metadata};
  if (needs_ends(facts)) {
    const auto ends = consumer_->ends(where, kAskTimeout);
    if (!ends.ok()) return ends.status();
    facts.low = ends->low;
    facts.high = ends->high;
  }
  const Start start = choose_start(facts);
  const std::int64_t ours = known.position ? known.position->committed : 0;
  if (const std::int64_t repeats = repeats_of(facts, ours, known.done); repeats > 0) {
    tally_.possible_repeats += static_cast<std::uint64_t>(repeats);
    tell({InboxEvent::Kind::kRepeats, where.topic, where.partition, start.position,
          static_cast<std::uint64_t>(repeats), "another store went on from an older commit"});
  }
  // A local position is looked for by the fetch itself. Any other is looked at here: what is read
  // back before it would hide that it is not there.
  const auto lost =
      needs_ends(facts) ? out_of_range(start.position, facts.low, facts.high) : std::nullopt;
  auto partition = std::make_shared<Partition>(where, start, std::move(known),
                                               dedup_limits(options_), store_.get());
  Slot& slot = slots_[where];
  {
    const std::lock_guard lock(mutex_);
    slot.partition = std::move(partition);
    slot.lost_range = lost.has_value();
  }
  if (lost) halt(where, slot, describe(*lost));
  return PartitionOffset{where, lost ? facts.low : start.read_from, {}};
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

void Engine::take(const kafka::NotThere& not_there) {
  const auto found = slots_.find(not_there.where);
  if (found == slots_.end() || !found->second.partition || !found->second.halted.empty()) return;
  found->second.ends_wanted = true;
}

void Engine::look_for_ends(const TopicPartition& where, Slot& slot) {
  const auto ends = consumer_->ends(where, kAskTimeout);
  if (!ends.ok()) return;  // again soon
  slot.ends_wanted = false;
  const std::int64_t next = slot.partition->next();
  const auto lost = out_of_range(next, ends->low, ends->high);
  if (!lost) {
    const Status status = consumer_->seek({where, next, {}});
    if (!status.ok()) log_->warn("inbox: {}", status.message());
    return;
  }
  slot.partition->close();
  slot.lost_range = true;
  halt(where, slot, describe(*lost));
}

void Engine::halt(const TopicPartition& where, Slot& slot, const std::string& reason) {
  slot.partition->close();
  {
    const std::lock_guard lock(mutex_);
    slot.halted = reason;
  }
  log_->error("inbox: {} halts: {}", to_text(where), reason);
  tell({InboxEvent::Kind::kHalted, where.topic, where.partition, slot.partition->position(), 0,
        reason});
}

void Engine::take_orders() {
  std::vector<Halt> halts;
  Partitions resumes;
  {
    const std::lock_guard lock(mutex_);
    halts.swap(halts_);
    resumes.swap(resumes_);
  }
  for (const Halt& order : halts) {
    const auto found = slots_.find(order.where);
    if (found == slots_.end() || found->second.partition != order.partition) continue;
    if (found->second.halted.empty()) halt(order.where, found->second, order.reason);
  }
  for (const TopicPartition& where : resumes) {
    const auto found = slots_.find(where);
    if (found != slots_.end() && !found->second.halted.empty()) restart(where, found->second);
  }
  if (!halts.empty() || !resumes.empty()) pause_where_needed();
}

/// Begins anew at the position, or behind the lost range, with what is known.
void Engine::restart(const TopicPartition& where, Slot& slot) {
  Start start{0, 0, true};
  if (slot.lost_range) {
    const auto ends = consumer_->ends(where, kAskTimeout);
    if (!ends.ok()) {
      log_->warn("inbox: {}; {} halts still", ends.status().message(), to_text(where));
      return;
    }
    start.position = ends->low;
  }
  (void)slot.partition->ended_by(std::chrono::steady_clock::now() + kRestartWait);
  StoredPartition known = slot.partition->snapshot();
  if (!slot.lost_range) start.position = known.position->offset;
  start.read_from = start.position;
  retire(*slot.partition);
  auto partition = std::make_shared<Partition>(where, start, std::move(known),
                                               dedup_limits(options_), store_.get());
  {
    const std::lock_guard lock(mutex_);
    slot = Slot();
    slot.partition = std::move(partition);
    slot.paused = true;  // as halted ones are
  }
  const Status status = consumer_->seek({where, start.read_from, {}});
  if (!status.ok()) log_->warn("inbox: {}", status.message());
}

/// What it counted stays counted.
void Engine::retire(const Partition& partition) {
  const DedupCounts counts = partition.counts();
  tally_.gaps_merged += counts.gaps_merged;
  tally_.sessions_forgotten += counts.sessions_forgotten;
}

Status Engine::resume(const TopicPartition& where) {
  const std::lock_guard lock(mutex_);
  const auto found = slots_.find(where);
  if (found == slots_.end() || found->second.halted.empty()) {
    return {Code::kNotFound, to_text(where) + " does not halt here"};
  }
  resumes_.push_back(where);
  return {};
}

}  // namespace outbox::inbox

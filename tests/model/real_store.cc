#include "model/real_store.h"

#include <algorithm>

#include "support/drop_env.h"

namespace outbox::model {
namespace {

constexpr std::size_t kDeadMax = 10'000;
/// Values are so much larger than the relay is told, and RocksDB flushes more often.
constexpr std::size_t kValueScale = 64;

std::string topic_of(LaneId lane) { return "topic-" + std::to_string(lane); }

Options small_options() {
  Options options;
  options.write_buffer_bytes = std::size_t{64} << 10;
  options.disk_reserve_bytes = 0;
  return options;
}

Message message_of(LaneId lane, const SimEntry& entry) {
  Message message;
  message.topic = topic_of(lane);
  message.key = entry.key;
  message.partition = entry.given;
  message.value = std::string(entry.bytes * kValueScale, 'v');
  return message;
}

}  // namespace

RealStore::RealStore(Shared& shared)
    : mirror_(shared.store),
      verdicts_(shared.verdicts),
      trace_(shared.trace),
      dir_(temp_.path() / "box"),
      clock_(shared.scheduler) {
  std::filesystem::create_directory(dir_);
  fs_ = test::DropFs::create(dir_);
  env_ = std::make_unique<OneThreadEnv>(test::make_drop_env(fs_));
  open();
}

RealStore::~RealStore() = default;

bool RealStore::open() {
  store::StoreSeams seams;
  seams.env = env_.get();
  seams.clock = &clock_;
  auto opened = store::Store::open(dir_, small_options(), seams);
  verdicts_.expect(opened.ok(), "the store does not open: " + opened.status().to_string());
  if (!opened.ok()) return false;
  store_ = std::move(*opened);
  return true;
}

/// With the power on nothing may fail.
bool RealStore::judge(const Status& status, const std::string& what) {
  verdicts_.expect(status.ok() || !powered(), what + ": " + status.to_string());
  return status.ok();
}

/// A call that writes. RocksDB does first what it has put off; what the store says is settled
/// must be so after a power cut.
bool RealStore::write(const std::string& what, const std::function<Status()>& call) {
  env_->run_jobs();
  const Status status = call();
  for (const auto& [id, real] : real_ids_) {
    const auto said = store_->settled_through(topic_of(id));
    if (said.ok()) settled_through_[id] = *said;
  }
  return judge(status, what);
}

void RealStore::learn_ids() {
  for (const store::LaneInfo& info : store_->lanes()) {
    for (const auto& [id, lane] : mirror_.lanes()) {
      if (info.topic == topic_of(id)) real_ids_[id] = info.id;
    }
  }
}

bool RealStore::append(LaneId lane, const std::vector<SimEntry>& entries) {
  std::vector<Message> messages;
  for (const SimEntry& entry : entries) messages.push_back(message_of(lane, entry));
  Seq first = 0;
  const bool ok = write("append", [&] {
    const auto appended = store_->append_batch(messages);
    if (appended.ok()) first = appended->front().seq;
    return appended.status();
  });
  if (!ok) {
    doubtful_[lane] = entries;
    return false;
  }
  verdicts_.expect(first == mirror_.lane(lane).tail() + 1,
                   "append gave an unexpected sequence number");
  if (!real_ids_.contains(lane)) learn_ids();
  return true;
}

bool RealStore::sync() {
  return write("sync_progress", [&] { return store_->sync_progress(); });
}

void RealStore::advance(LaneId lane, const Progress& progress, std::uint64_t delivered) {
  store_->advance(real_ids_.at(lane), progress, delivered);
  env_->run_jobs();  // what is flushed now must not go by this progress
}

bool RealStore::bury(LaneId lane, Seq seq, std::int32_t partition, const std::string& reason,
                     const Progress& progress) {
  return write("bury",
               [&] { return store_->bury(real_ids_.at(lane), seq, partition, reason, progress); });
}

bool RealStore::record_count(LaneId lane, PartitionCount count) {
  return write("record_partition_count",
               [&] { return store_->record_partition_count(real_ids_.at(lane), count); });
}

bool RealStore::read(LaneId lane, Seq from, std::size_t count, const SimLane& expected) {
  const auto slab =
      store_->read(real_ids_.at(lane), from, count, std::numeric_limits<std::size_t>::max());
  if (!judge(slab.status(), "read")) return false;
  const auto& found = (*slab)->entries();
  verdicts_.expect(found.size() == count, "read gave " + std::to_string(found.size()) + " of " +
                                              std::to_string(count) + " entries");
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto record = store::decode(found[i].record, found[i].lane, found[i].seq);
    verdicts_.expect(record.ok() && found[i].seq == from + i, "read gave another entry");
    if (!record.ok()) return false;
    const SimEntry& entry = expected.entry(found[i].seq);
    const bool same = record->key.has_value() == entry.key.has_value() &&
                      (!entry.key || *record->key == *entry.key) &&
                      record->partition == entry.given &&
                      record->value->size() == entry.bytes * kValueScale;
    verdicts_.expect(same, "an entry has changed: seq " + std::to_string(found[i].seq));
  }
  return true;
}

void RealStore::power_cycle(std::uint64_t seed) {
  fs_->cut_power();
  env_->run_jobs();  // in vain
  store_.reset();
  fs_->restore_power(seed);
  if (!open()) return;
  env_->run_jobs();
  learn_ids();
  for (const store::LaneInfo& info : store_->lanes()) {
    for (const auto& [id, real] : real_ids_) {
      if (real == info.id) adopt(id, mirror_.lane(id), info);
    }
  }
  doubtful_.clear();
}

/// What was OK is there; what was in doubt is there wholly or not at all.
void RealStore::adopt(LaneId id, SimLane& lane, const store::LaneInfo& found) {
  const std::string name = topic_of(id);
  trace_.step(clock_.mono_ms(), "found lane tail head settled-above changes",
              {id, found.tail, found.progress.head, found.progress.settled_above_head,
               fs_->count(test::kFsChange)});
  if (found.tail != lane.tail()) {
    const std::vector<SimEntry>& doubtful = doubtful_[id];
    verdicts_.expect(found.tail == lane.tail() + doubtful.size(),
                     name + ": tail " + std::to_string(found.tail) + " after a power cut, not " +
                         std::to_string(lane.tail()));
    lane.add(doubtful);
  }
  verdicts_.expect(found.progress.head >= lane.durable.head, name + ": synced progress is lost");
  verdicts_.expect(found.progress.head > settled_through_[id],
                   name + ": what was said to be settled is not");
  verdicts_.expect(found.partition_history.size() >= lane.history().size(),
                   name + ": a recorded partition count is lost");
  lane.set_history(found.partition_history);
  const auto letters = store_->dead_letters(name, kDeadMax);
  verdicts_.expect(letters.ok() && letters->size() >= lane.dead.size(), name + ": dead letters");
  if (letters.ok()) {
    for (const DeadLetter& letter : *letters) lane.dead[letter.entry.seq] = letter.reason;
  }
  const std::uint64_t settled = found.progress.head - 1 + found.progress.settled_above_head;
  mirror_.adopt(id, found.progress, settled - lane.dead.size() - lane.purged.size());
}

void RealStore::check_ledger() {
  if (!sync()) return;
  const auto stats = store_->stats();
  if (!judge(stats.status(), "stats")) return;
  verdicts_.expect(stats->ledger.balanced(), "the store's ledger does not balance");
  verdicts_.expect(stats->ledger.pending == 0, "the store says that something is pending");
  for (const LaneStats& each : stats->lanes) {
    for (const auto& [id, lane] : mirror_.lanes()) {
      if (each.topic != topic_of(id)) continue;
      verdicts_.expect(each.ledger.appended == lane.tail() &&
                           each.ledger.delivered == lane.delivered &&
                           each.ledger.dead == lane.dead.size(),
                       each.topic + ": the store's ledger differs");
    }
  }
}

}  // namespace outbox::model

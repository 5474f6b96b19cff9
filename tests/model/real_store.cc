#include "model/real_store.h"

#include <algorithm>

#include "support/drop_env.h"

namespace outbox::model {
namespace {

/// Values are so much larger than the relay is told: blocks, tables and WALs have more than one.
constexpr std::size_t kValueScale = 64;
/// More than a run writes: see FlushPoints.
constexpr std::size_t kWriteBufferBytes = std::size_t{8} << 20;
/// Of what lies around the values.
constexpr std::size_t kWriteBytes = 100;

Options small_options() {
  Options options;
  options.write_buffer_bytes = kWriteBufferBytes;
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

RealStore::RealStore(Shared& shared, std::uint64_t seed)
    : happened_(shared.happened),
      mirror_(shared.store),
      verdicts_(shared.verdicts),
      trace_(shared.trace),
      dir_(temp_.path() / "box"),
      clock_(shared.scheduler),
      random_(seed),
      flush_points_(random_.next()) {
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
  seams.opened = [this](store::Database& database) { flush_points_.opened(database); };
  auto opened = store::Store::open(dir_, small_options(), seams);
  verdicts_.expect(opened.ok(), "the store does not open: " + opened.status().to_string());
  if (!opened.ok()) return false;
  store_ = std::move(*opened);
  return true;
}

void RealStore::arm(std::uint64_t nth_change) {
  fault_armed_ = random_.one_in(3);
  if (fault_armed_) {
    fs_->fail({.ops = test::kFsChange, .nth = nth_change});
  } else {
    fs_->cut_power_at(nth_change, random_.next());
  }
}

/// With the power on nothing may fail but what the disk has failed.
bool RealStore::judge(const Status& status, const std::string& what) {
  if (status.ok()) return true;
  poisoned_ = fs_->powered() && fault_armed_ && fs_->failed() > 0;
  verdicts_.expect(poisoned_ || !fs_->powered(), what + ": " + status.to_string());
  return false;
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
  trace_.step(clock_.mono_ms(), what.c_str(), {fs_->count(test::kFsAny), status.ok()});
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
  std::size_t bytes = kWriteBytes;
  for (const SimEntry& entry : entries) {
    messages.push_back(message_of(lane, entry));
    bytes += messages.back().value->size();
  }
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
  flush_points_.wrote(bytes);
  return true;
}

bool RealStore::sync() {
  if (!write("sync_progress", [&] { return store_->sync_progress(); })) return false;
  flush_points_.wrote(kWriteBytes);
  return true;
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

bool RealStore::requeue(LaneId lane, Seq seq, const SimEntry& entry) {
  Seq as = 0;
  const bool ok = write("requeue", [&] {
    const auto requeued = store_->requeue(topic_of(lane), seq);
    if (requeued.ok()) as = requeued->seq;
    return requeued.status();
  });
  if (!ok) {
    doubtful_[lane] = {entry};
    return false;
  }
  verdicts_.expect(as == mirror_.lane(lane).tail() + 1, "requeue gave an unexpected number");
  return true;
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

}  // namespace outbox::model

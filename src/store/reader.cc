#include <algorithm>
#include <mutex>

#include "base/endian.h"
#include "base/log.h"
#include "store/durable_tail.h"
#include "store/meta.h"
#include "store/secondary.h"
#include "store/store.h"
#include "store/store_version.h"
#include "store/validate.h"
#include "store/views.h"

namespace outbox::store {

namespace {

/// Caught up with the writer before each call.
/// One call at a time: RocksDB's catching up changes what the others read.
class SecondaryReader final : public Reader {
 public:
  SecondaryReader(std::filesystem::path dir, const Clock* clock,
                  std::unique_ptr<Secondary> secondary)
      : dir_(std::move(dir)),
        clock_(clock != nullptr ? clock : &system_clock_),
        secondary_(std::move(secondary)) {}

  Result<Stats> stats() const override;
  Result<std::vector<StoredEntry>> peek(const std::string& topic, Seq from,
                                        std::size_t count) const override;
  Result<std::vector<DeadLetter>> dead_letters(const std::string& topic, Seq from,
                                               std::size_t count) const override;
  Result<DeadLetter> dead_letter(const std::string& topic, Seq seq) const override;
  Result<std::vector<PurgeRecord>> purges() const override;

  /// kNotFound: no outbox; kUnknownVersion.
  Status identify() const;

 private:
  Result<std::vector<StoredLane>> caught_up_lanes() const;
  Result<StoredLane> caught_up_lane(const std::string& topic) const;
  const Database& database() const { return secondary_->database(); }

  const std::filesystem::path dir_;
  const SystemClock system_clock_;
  const Clock* const clock_;
  const std::unique_ptr<Secondary> secondary_;
  mutable std::mutex mutex_;
};

Status SecondaryReader::identify() const {
  const Result<std::string> version = read_meta(database(), meta::kVersion);
  if (version.status().code() == Code::kNotFound) {
    return no_outbox(dir_, "its database has no version of an outbox store");
  }
  if (!version.ok()) return version.status();
  return check_store_version(*version);
}

Result<std::vector<StoredLane>> SecondaryReader::caught_up_lanes() const {
  Status current = secondary_->catch_up();
  if (!current.ok()) return current;
  Result<std::vector<StoredLane>> lanes = load_lanes(database());
  if (lanes.ok()) {  // as the writer lists them
    std::sort(lanes->begin(), lanes->end(),
              [](const StoredLane& a, const StoredLane& b) { return a.topic < b.topic; });
  }
  return lanes;
}

Result<StoredLane> SecondaryReader::caught_up_lane(const std::string& topic) const {
  Result<std::vector<StoredLane>> lanes = caught_up_lanes();
  if (!lanes.ok()) return lanes.status();
  const auto found = std::find_if(lanes->begin(), lanes->end(),
                                  [&](const StoredLane& lane) { return lane.topic == topic; });
  if (found == lanes->end()) {
    return Status(Code::kNotFound, "nothing was ever appended to topic " + topic);
  }
  return *found;
}

Result<Stats> SecondaryReader::stats() const {
  const std::lock_guard lock(mutex_);
  const Result<std::vector<StoredLane>> lanes = caught_up_lanes();
  if (!lanes.ok()) return lanes.status();
  const Result<std::string> id = read_meta(database(), meta::kOutboxId);
  const Result<std::string> session = read_meta(database(), meta::kSession);
  if (!id.ok()) return id.status();
  if (!session.ok()) return session.status();
  Stats stats;
  stats.outbox_id = *id;
  if (session->size() == sizeof(SessionId)) stats.session = get_big<SessionId>(session->data());
  const std::string writer = holder(dir_);
  for (const StoredLane& lane : *lanes) {
    Result<LaneStats> one = lane_stats(database(), lane, clock_->wall_ms());
    if (!one.ok()) return one.status();
    one->state = writer.empty() ? "no relay" : "known to " + writer;
    stats.ledger += one->ledger;
    stats.lanes.push_back(std::move(one).value());
  }
  stats.disk_bytes = directory_bytes(dir_);
  return stats;
}

Result<std::vector<StoredEntry>> SecondaryReader::peek(const std::string& topic, Seq from,
                                                       std::size_t count) const {
  const std::lock_guard lock(mutex_);
  const Result<StoredLane> lane = caught_up_lane(topic);
  if (!lane.ok()) return lane.status();
  const Seq start = std::max(from, lane->record.progress.head);
  return read_entries(database(), lane->id, topic, start, lane->last, {count});
}

Result<std::vector<DeadLetter>> SecondaryReader::dead_letters(const std::string& topic, Seq from,
                                                              std::size_t count) const {
  if (Status status = check_dead_list(topic, from); !status.ok()) return status;
  const std::lock_guard lock(mutex_);
  const Result<std::vector<StoredLane>> lanes = caught_up_lanes();
  if (!lanes.ok()) return lanes.status();
  std::vector<DeadLetter> letters;
  ListRoom room{count};
  for (const StoredLane& lane : *lanes) {
    if (!topic.empty() && lane.topic != topic) continue;
    Status status = read_dead_letters(database(), lane.id, lane.topic, from, room, letters);
    if (!status.ok()) return status;
  }
  return letters;
}

Result<DeadLetter> SecondaryReader::dead_letter(const std::string& topic, Seq seq) const {
  const std::lock_guard lock(mutex_);
  const Result<StoredLane> lane = caught_up_lane(topic);
  if (!lane.ok()) return lane.status();
  return read_dead_letter(database(), lane->id, topic, seq);
}

Result<std::vector<PurgeRecord>> SecondaryReader::purges() const {
  const std::lock_guard lock(mutex_);
  Status current = secondary_->catch_up();
  if (!current.ok()) return current;
  return read_purges(database());
}

}  // namespace

Result<std::unique_ptr<Reader>> Reader::open(const std::filesystem::path& dir, Options options,
                                             StoreSeams seams) {
  Status valid = validate(options);
  if (!valid.ok()) return valid;
  rocksdb::Env& env = seams.env != nullptr ? *seams.env : *rocksdb::Env::Default();
  // Of no use for reading, but what is a later program's in part is not read at all.
  Status tail = DurableTail::load(env, dir).status();
  if (tail.code() == Code::kUnknownVersion) return tail;
  auto secondary = Secondary::open(dir, options, env, logger_or_null(options.logger));
  if (!secondary.ok()) return secondary.status();
  auto reader = std::make_unique<SecondaryReader>(dir, seams.clock, std::move(secondary).value());
  Status identified = reader->identify();
  if (!identified.ok()) return identified;
  return std::unique_ptr<Reader>(std::move(reader));
}

}  // namespace outbox::store

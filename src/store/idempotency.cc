#include "store/idempotency.h"

#include "base/mutant.h"
#include "store/coding.h"
#include "store/rocks_status.h"

namespace outbox::store {
namespace {

/// Forgetting two for each new one lets the window shrink when its option did.
constexpr int kForgetPerKey = 2;

std::string key_of(const std::string& key) { return "k" + key; }
std::string order_of(std::uint64_t number) {
  std::string out = "o";
  append_big(out, number);
  return out;
}

std::string encode(const Idempotency::Known& known) {
  std::string to;
  append_big<std::uint32_t>(to, known.lane);
  append_big<std::uint64_t>(to, known.seq);
  append_big(to, static_cast<std::uint64_t>(known.at_ms));
  append_big(to, known.order);
  return to;
}

Result<Idempotency::Known> decode_known(std::string_view value) {
  Parser parser(value);
  Idempotency::Known known;
  known.lane = parser.big<std::uint32_t>();
  known.seq = parser.big<std::uint64_t>();
  known.at_ms = static_cast<std::int64_t>(parser.big<std::uint64_t>());
  known.order = parser.big<std::uint64_t>();
  if (!parser.at_end()) return Status(Code::kCorruption, "an idempotency key's value is damaged");
  return known;
}

}  // namespace

Status Idempotency::restore() {
  const std::unique_ptr<rocksdb::Iterator> scan(
      database_.db->NewIterator(rocksdb::ReadOptions(), database_.idempotency));
  scan->Seek("o");
  if (scan->Valid() && scan->key().starts_with("o") && scan->key().size() == 9) {
    oldest_ = get_big<std::uint64_t>(scan->key().data() + 1);
    scan->SeekToLast();
    if (scan->Valid()) next_ = get_big<std::uint64_t>(scan->key().data() + 1) + 1;
    group_from_ = next_;
  }
  return from_rocks(scan->status(), "reading the idempotency keys");
}

bool Idempotency::too_old(std::int64_t at_ms) const {
  return at_ms + options_.idempotency_window_ms.count() < clock_.wall_ms();
}

Result<std::optional<Idempotency::Known>> Idempotency::find(const std::string& key) const {
  if (const auto found = in_group_.find(key); found != in_group_.end()) {
    return std::optional<Known>(found->second);
  }
  std::string value;
  const auto got =
      database_.db->Get(rocksdb::ReadOptions(), database_.idempotency, key_of(key), &value);
  if (got.IsNotFound()) return std::optional<Known>();
  if (!got.ok()) return from_rocks(got, "looking up an idempotency key");
  auto known = decode_known(value);
  if (!known.ok()) return known.status();
  if (too_old(known->at_ms)) return std::optional<Known>();
  return std::optional<Known>(*known);
}

Status Idempotency::remember(rocksdb::WriteBatch& batch, const std::string& key, LaneId lane,
                             Seq seq) {
  if (mutant(Mutant::kIdempotencyForgotten)) return {};
  const Known known{lane, seq, clock_.wall_ms(), next_};
  auto put = batch.Put(database_.idempotency, key_of(key), encode(known));
  if (put.ok()) put = batch.Put(database_.idempotency, order_of(next_), key);
  if (!put.ok()) return from_rocks(put, "recording an idempotency key");
  ++next_;
  in_group_[key] = known;
  for (int i = 0; i < kForgetPerKey; ++i) {
    if (Status status = forget_oldest(batch); !status.ok()) return status;
  }
  return {};
}

void Idempotency::end_group(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    const auto known = in_group_.find(key);
    if (known == in_group_.end()) continue;
    group_from_ = known->second.order + 1;
    in_group_.erase(known);
  }
}

/// Forgets one, if it has to go.
Status Idempotency::forget_oldest(rocksdb::WriteBatch& batch) {
  if (oldest_ >= group_from_) return {};
  std::string key;
  const auto got =
      database_.db->Get(rocksdb::ReadOptions(), database_.idempotency, order_of(oldest_), &key);
  if (got.IsNotFound()) {  // its request was dropped from its group
    ++oldest_;
    return {};
  }
  if (!got.ok()) return from_rocks(got, "looking up the oldest idempotency key");
  std::string value;
  const auto found =
      database_.db->Get(rocksdb::ReadOptions(), database_.idempotency, key_of(key), &value);
  if (!found.ok() && !found.IsNotFound()) {
    return from_rocks(found, "looking up the oldest idempotency key");
  }
  // A key that was used again after its window has a younger order number: only that one
  // counts, and it may have been forgotten already.
  bool stale = found.IsNotFound() || in_group_.contains(key);
  if (!stale) {
    const auto known = decode_known(value);
    if (!known.ok()) return known.status();
    stale = known->order != oldest_;
    const bool too_many = next_ - oldest_ > options_.idempotency_keys_max;
    if (!stale && !too_many && !too_old(known->at_ms)) return {};
  }
  auto gone = batch.Delete(database_.idempotency, order_of(oldest_));
  if (gone.ok() && !stale) gone = batch.Delete(database_.idempotency, key_of(key));
  if (!gone.ok()) return from_rocks(gone, "forgetting an idempotency key");
  ++oldest_;
  return {};
}

}  // namespace outbox::store

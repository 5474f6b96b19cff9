#include "inbox/store.h"

#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include "store/rocks_status.h"

namespace outbox::inbox {

using kafka::TopicPartition;
using store::from_rocks;

Store::~Store() {
  if (!db_) return;
  // A clean end leaves nothing to do again.
  if (!poisoned_) (void)sync();
  for (const auto& [name, handle] : families_) db_->DestroyColumnFamilyHandle(handle);
  [[maybe_unused]] const rocksdb::Status closed = db_->Close();
}

rocksdb::ColumnFamilyHandle* Store::family(const std::string& name) const {
  const auto found = families_.find(name);
  return found == families_.end() ? nullptr : found->second;
}

namespace {

/// Calls `take(rest of the key, key, value)` for all keys that begin with `prefix`.
template <typename Take>
Status scan(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, const std::string& prefix,
            Take take) {
  rocksdb::ReadOptions read;
  read.verify_checksums = true;
  const std::unique_ptr<rocksdb::Iterator> at(db.NewIterator(read, family));
  for (at->Seek(prefix); at->Valid() && at->key().starts_with(prefix); at->Next()) {
    const std::string_view key = at->key().ToStringView();
    Status status = take(key.substr(prefix.size()), key, at->value().ToStringView());
    if (!status.ok()) return status;
  }
  return from_rocks(at->status(), "reading the inbox's store");
}

}  // namespace

Result<StoredPartition> Store::load(const TopicPartition& where) const {
  StoredPartition out;
  const std::string key = position_key(where);
  std::string value;
  const rocksdb::Status got = db_->Get(rocksdb::ReadOptions(), own(), key, &value);
  if (!got.ok() && !got.IsNotFound()) return from_rocks(got, "reading " + to_text(where));
  if (got.ok()) {
    const auto position = read_position(key, value);
    if (!position.ok()) return position.status();
    out.position = *position;
  }
  Status scanned =
      scan(*db_, own(), dedup_prefix(where), [&](auto rest, auto whole, auto stored) -> Status {
        auto state = read_dedup(whole, stored);
        if (!state.ok()) return state.status();
        out.sessions.emplace_back(session_of(rest), std::move(*state));
        return {};
      });
  if (!scanned.ok()) return scanned;
  scanned = scan(*db_, own(), done_prefix(where), [&](auto rest, auto whole, auto stored) {
    out.done.push_back(offset_of(rest));
    return check_done(whole, stored);
  });
  if (!scanned.ok()) return scanned;
  return out;
}

Status Store::write(rocksdb::WriteBatch& batch) {
  if (poisoned_) return {Code::kPoisoned, "an earlier write of the inbox's store failed"};
  rocksdb::WriteOptions options;
  options.sync = false;
  options.disableWAL = false;
  const rocksdb::Status written = db_->Write(options, &batch);
  if (!written.ok()) poisoned_ = true;
  return from_rocks(written, "writing to the inbox's store");
}

Status Store::sync() {
  if (poisoned_) return {Code::kPoisoned, "an earlier write of the inbox's store failed"};
  const rocksdb::Status synced = db_->SyncWAL();
  if (!synced.ok()) poisoned_ = true;
  return from_rocks(synced, "syncing the inbox's store");
}

// Puts and deletes of a batch fail only when it has a size limit, and it has none.
void Store::put_position(rocksdb::WriteBatch& batch, const TopicPartition& where,
                         const StoredPosition& position) const {
  const std::string key = position_key(where);
  batch.Put(own(), key, position_value(key, position));
}

void Store::put_session(rocksdb::WriteBatch& batch, const TopicPartition& where,
                        const SessionKey& session, const SessionState& state) const {
  const std::string key = dedup_key(where, session);
  batch.Put(own(), key, dedup_value(key, state));
}

void Store::forget_session(rocksdb::WriteBatch& batch, const TopicPartition& where,
                           const SessionKey& session) const {
  batch.Delete(own(), dedup_key(where, session));
}

void Store::put_done(rocksdb::WriteBatch& batch, const TopicPartition& where,
                     std::int64_t offset) const {
  const std::string key = done_key(where, offset);
  batch.Put(own(), key, done_value(key));
}

void Store::drop_done(rocksdb::WriteBatch& batch, const TopicPartition& where,
                      std::int64_t offset) const {
  batch.Delete(own(), done_key(where, offset));
}

}  // namespace outbox::inbox

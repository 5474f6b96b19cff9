#include <rocksdb/env.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <cstdio>
#include <random>
#include <set>

#include "base/endian.h"
#include "inbox/store.h"
#include "store/database.h"
#include "store/rocks_options.h"
#include "store/rocks_status.h"
#include "store/store_version.h"
#include "store/sync_directory.h"
#include "store/table_guard.h"

namespace outbox::inbox {
namespace {

using store::from_rocks;

std::string random_id() {
  std::random_device random;
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%08x%08x", random(), random());
  return text.data();
}

std::string number(std::uint64_t value) {
  std::string out;
  append_big(out, value);
  return out;
}

rocksdb::DBOptions db_options(const StoreSettings& settings, rocksdb::Env& env) {
  Options as_outbox;
  as_outbox.create_if_missing = true;
  as_outbox.write_buffer_bytes = settings.write_buffer_bytes;
  rocksdb::DBOptions db = store::db_options(as_outbox, &env, settings.log);
  // The end of the WAL was not synced, so a power cut may have left it in any state. Whatever is
  // cut off is cut off of position and state alike, and comes again from Kafka.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  return db;
}

rocksdb::ColumnFamilyOptions family_options(const StoreSettings& settings) {
  rocksdb::ColumnFamilyOptions family = store::small_family_options();
  family.write_buffer_size = settings.write_buffer_bytes;
  return family;
}

/// Rows that each message writes anew: where the last one of them went into the memtable is where
/// the next one goes, and RocksDB need not search for it.
class RewrittenRows final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "outbox.RewrittenRows"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override { return key; }
  bool InDomain(const rocksdb::Slice& key) const override { return rewritten(key.ToStringView()); }
};

rocksdb::ColumnFamilyOptions own_family_options(const StoreSettings& settings) {
  rocksdb::ColumnFamilyOptions family = family_options(settings);
  family.memtable_insert_with_hint_prefix_extractor = std::make_shared<RewrittenRows>();
  return family;
}

/// Those that are there, ours, and the handler's.
Result<std::set<std::string>> family_names(const rocksdb::DBOptions& db,
                                           const std::filesystem::path& dir,
                                           const StoreSettings& settings, rocksdb::Env& env) {
  std::set<std::string> names(settings.families.begin(), settings.families.end());
  if (names.contains(Store::kFamily)) {
    return Status(Code::kInvalidArgument,
                  std::string("families: ") + Store::kFamily + " is the inbox's own");
  }
  names.insert({rocksdb::kDefaultColumnFamilyName, Store::kFamily});
  if (!env.FileExists((dir / "CURRENT").string()).ok()) return names;
  std::vector<std::string> there;
  const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(db, dir.string(), &there);
  if (!listed.ok()) return store::from_opening(listed, "looking at " + dir.string());
  names.insert(there.begin(), there.end());
  return names;
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& dir,
                                           const StoreSettings& settings, rocksdb::Env* given) {
  rocksdb::Env& env = given != nullptr ? *given : *rocksdb::Env::Default();
  const rocksdb::Status made = env.CreateDirIfMissing(dir.string());
  if (!made.ok()) return from_rocks(made, "making " + dir.string());
  std::unique_ptr<Store> out(new Store());
  auto lock = store::HolderLock::acquire(dir, settings.open_deadline_ms);
  if (!lock.ok()) return lock.status();
  out->lock_ = std::move(*lock);
  if (Status status = out->open_families(dir, settings, env); !status.ok()) return status;
  if (Status status = out->identify(settings.group); !status.ok()) return status;
  const auto parent = std::filesystem::absolute(dir / ".").parent_path().parent_path();
  if (Status status = store::sync_directory(env, parent); !status.ok()) return status;
  return out;
}

Status Store::open_families(const std::filesystem::path& dir, const StoreSettings& settings,
                            rocksdb::Env& env) {
  env_ = store::guard_tables(env);
  rocksdb::DBOptions options = db_options(settings, *env_);
  options.max_file_opening_threads = store::opening_threads(dir, env);
  const auto names = family_names(options, dir, settings, env);
  if (!names.ok()) return names.status();
  std::vector<rocksdb::ColumnFamilyDescriptor> wanted;
  for (const std::string& name : *names) {
    wanted.emplace_back(name,
                        name == kFamily ? own_family_options(settings) : family_options(settings));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = rocksdb::DB::Open(options, dir.string(), wanted, &handles, &db);
  if (!opened.ok()) return store::from_opening(opened, "opening " + dir.string());
  db_.reset(db);
  for (std::size_t i = 0; i < wanted.size(); ++i) families_[wanted[i].name] = handles[i];
  return {};
}

Result<std::string> Store::identity(std::string_view key) const {
  std::string value;
  const rocksdb::Slice name(key.data(), key.size());
  const rocksdb::Status got = db_->Get(rocksdb::ReadOptions(), own(), name, &value);
  if (got.IsNotFound()) return Status(Code::kNotFound, "no " + std::string(key));
  if (!got.ok()) return from_rocks(got, "reading the inbox's store");
  return read_plain(key, value);
}

Status Store::make_identity(const std::string& group) {
  id_ = random_id();
  rocksdb::WriteBatch batch;
  const auto put = [&](std::string_view key, std::string_view value) {
    batch.Put(own(), rocksdb::Slice(key.data(), key.size()), plain_value(key, value));
  };
  put(kVersionKey, number(kStoreVersion));
  put(kIdKey, id_);
  put(kGroupKey, group);
  return from_rocks(db_->Write(store::durable_write(), &batch), "making the inbox's store");
}

Status Store::identify(const std::string& group) {
  const auto version = identity(kVersionKey);
  if (version.status().code() == Code::kNotFound) return make_identity(group);
  if (!version.ok()) return version.status();
  if (*version != number(kStoreVersion)) {
    const bool known = version->size() == sizeof(std::uint64_t);
    return store::unknown_version(
        "the inbox's store", known ? std::to_string(get_big<std::uint64_t>(version->data())) : "?",
        kStoreVersion);
  }
  const auto id = identity(kIdKey);
  const auto owner = identity(kGroupKey);
  for (const Status& status : {id.status(), owner.status()}) {
    if (status.code() == Code::kNotFound) {
      return {Code::kCorruption, "the inbox's store has no identity (" + status.message() + ")"};
    }
    if (!status.ok()) return status;
  }
  if (*owner != group) {
    return {Code::kInvalidArgument, "the inbox's store belongs to the group " + *owner +
                                        ", not to " + group + "; positions are a group's own"};
  }
  id_ = *id;
  return {};
}

}  // namespace outbox::inbox

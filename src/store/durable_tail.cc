#include "store/durable_tail.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <random>
#include <utility>

#include "store/durable_tail_format.h"
#include "store/rocks_status.h"
#include "store/sync_directory.h"

namespace outbox::store {

namespace {

using tail_format::Mark;

constexpr const char* kNewSuffix = ".new";

std::uint64_t draw_nonce() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

Result<DurableTail::Lanes> DurableTail::load(rocksdb::Env& env, const std::filesystem::path& dir) {
  const std::string path = (dir / kFileName).string();
  if (env.FileExists(path).IsNotFound()) {
    return Status(Code::kNotFound, path + " does not exist");
  }
  std::string bytes;
  const rocksdb::Status read = rocksdb::ReadFileToString(&env, path, &bytes);
  if (!read.ok()) return from_rocks(read, "reading " + path);
  return tail_format::parse(bytes, path);
}

Result<std::unique_ptr<DurableTail>> DurableTail::start(rocksdb::Env& env,
                                                        const std::filesystem::path& dir,
                                                        Lanes lanes) {
  std::unique_ptr<DurableTail> tail(new DurableTail(env, dir, std::move(lanes)));
  const std::lock_guard lock(tail->mutex_);
  Status status = tail->rewrite();
  if (!status.ok()) return status;
  return tail;
}

DurableTail::DurableTail(rocksdb::Env& env, const std::filesystem::path& dir, Lanes lanes)
    : env_(env), dir_(dir), lanes_(std::move(lanes)) {}

DurableTail::~DurableTail() = default;

Status DurableTail::record(std::span<const LaneTail> tails) {
  const std::lock_guard lock(mutex_);
  std::string slots;
  for (const LaneTail& tail : tails) {
    Seq& known = lanes_[tail.lane];
    if (tail.seq <= known) continue;
    known = tail.seq;
    tail_format::append_slot(slots, tail, nonce_);
  }
  const std::uint64_t compact_bytes = tail_format::file_bytes(lanes_.size());
  const std::uint64_t limit_bytes = std::max(kRewriteBytes, 4 * compact_bytes);
  if (file_ == nullptr || written_bytes_ + slots.size() > limit_bytes) return rewrite();
  return append(slots);
}

Status DurableTail::append(const std::string& slots) {
  if (slots.empty()) return {};
  const rocksdb::Status written = file_->Append(slots);
  if (!written.ok()) {
    file_ = nullptr;  // it may end in part of a slot: nothing may follow that
    return from_rocks(written, "writing durable-tail");
  }
  written_bytes_ += slots.size();
  return {};
}

Status DurableTail::sync() {
  std::unique_lock lock(mutex_);
  if (file_ == nullptr) return rewrite();
  if (synced_bytes_ == written_bytes_) return {};
  const std::shared_ptr<rocksdb::WritableFile> file = file_;
  const std::uint64_t covered_bytes = written_bytes_;
  lock.unlock();
  const rocksdb::Status synced = file->Sync();
  lock.lock();
  // Another's call failed, and may have taken the error that was this one's too (Linux tells of it
  // once a file).
  if (file_ == nullptr) return rewrite();
  if (file != file_) return {};  // written anew meanwhile, which is a sync too
  if (!synced.ok()) {
    file_ = nullptr;  // what a failed fsync left behind is unknown
    return from_rocks(synced, "syncing durable-tail");
  }
  synced_bytes_ = std::max(synced_bytes_, covered_bytes);
  // From here on damage below covered_bytes is no power cut. The mark itself
  // waits for the next fsync; it is not a reason for one.
  const bool nothing_new = synced_bytes_ == written_bytes_;
  std::string slots;
  tail_format::append_slot(slots, Mark{covered_bytes}, nonce_);
  Status status = append(slots);
  if (status.ok() && nothing_new) synced_bytes_ = written_bytes_;
  return status;
}

Status DurableTail::rewrite() {
  const std::string path = (dir_ / kFileName).string();
  const std::string new_path = path + kNewSuffix;
  file_ = nullptr;
  nonce_ = draw_nonce();
  const std::string bytes = tail_format::compact(lanes_, nonce_);

  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = env_.NewWritableFile(new_path, &file, rocksdb::EnvOptions());
  if (status.ok()) status = file->Append(bytes);
  if (status.ok()) status = file->Sync();
  if (status.ok()) status = env_.RenameFile(new_path, path);
  if (!status.ok()) return from_rocks(status, "writing " + new_path);
  Status renamed = sync_directory(env_, dir_);
  if (!renamed.ok()) return renamed;
  file_ = std::move(file);
  written_bytes_ = synced_bytes_ = bytes.size();
  return {};
}

std::uint64_t DurableTail::file_bytes() const {
  const std::lock_guard lock(mutex_);
  return written_bytes_;
}

}  // namespace outbox::store

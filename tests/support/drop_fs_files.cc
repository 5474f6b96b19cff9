#include "support/drop_fs_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace outbox::test {

using rocksdb::DataVerificationInfo;
using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

std::uint64_t DropFile::room_for(std::uint64_t bytes) {
  const std::lock_guard lock(owner_->mutex_);
  if (!owner_->quota_bytes_) return bytes;
  const std::uint64_t used = owner_->used_bytes_locked();
  return used >= *owner_->quota_bytes_ ? 0 : std::min(bytes, *owner_->quota_bytes_ - used);
}

void DropFile::grown_by(std::uint64_t bytes) {
  const std::lock_guard lock(owner_->mutex_);
  inode_->bytes += bytes;
}

IOStatus DropFile::Append(const Slice& data, const IOOptions& options, IODebugContext* dbg) {
  bool partial = false;
  IOStatus entered = owner_->enter(kFsWrite, path_, &partial);
  if (!entered.ok()) {
    if (partial && !data.empty()) {
      const std::size_t part = owner_->random_() % data.size();
      IOStatus ignored = target()->Append(Slice(data.data(), part), options, dbg);
      ignored.PermitUncheckedError();
    }
    return entered;
  }
  const std::uint64_t room = room_for(data.size());
  IOStatus status = target()->Append(Slice(data.data(), room), options, dbg);
  if (!status.ok()) return status;
  grown_by(room);
  return room == data.size() ? status : IOStatus::NoSpace("quota", path_);
}

IOStatus DropFile::Append(const Slice& data, const IOOptions& options, const DataVerificationInfo&,
                          IODebugContext* dbg) {
  return Append(data, options, dbg);
}

IOStatus DropFile::PositionedAppend(const Slice&, uint64_t, const IOOptions&, IODebugContext*) {
  return IOStatus::NotSupported("DropFs knows only appended files");
}

IOStatus DropFile::PositionedAppend(const Slice&, uint64_t, const IOOptions&,
                                    const DataVerificationInfo&, IODebugContext*) {
  return IOStatus::NotSupported("DropFs knows only appended files");
}

IOStatus DropFile::Truncate(uint64_t bytes, const IOOptions& options, IODebugContext* dbg) {
  const std::lock_guard lock(owner_->mutex_);
  IOStatus status = owner_->enter_locked(kFsTruncate, path_, nullptr);
  if (!status.ok()) return status;
  std::ifstream before(inode_->link, std::ios::binary);
  before.seekg(static_cast<std::streamoff>(bytes));
  std::string cut_off(std::istreambuf_iterator<char>(before), {});
  status = target()->Truncate(bytes, options, dbg);
  if (!status.ok()) return status;
  inode_->cut_off = std::move(cut_off);
  inode_->bytes = bytes;
  inode_->synced_bytes = std::min(inode_->synced_bytes, bytes);
  return status;
}

/// What had been written when the call began is synced when it ends with power.
IOStatus DropFile::Sync(const IOOptions&, IODebugContext*) {
  std::unique_lock lock(owner_->mutex_);
  owner_->wait_while_hanging(lock, path_);
  owner_->wait_while_slow(lock);
  IOStatus status = owner_->enter_locked(kFsSync, path_, nullptr);
  if (!status.ok()) inode_->sync_failed = true;
  if (inode_->sync_failed || owner_->sync_is_ignored(path_)) return status;
  inode_->synced_bytes = inode_->bytes;
  inode_->cut_off.clear();
  return status;
}

/// Gives no promise, so it does nothing.
IOStatus DropFile::RangeSync(uint64_t, uint64_t, const IOOptions&, IODebugContext*) {
  return IOStatus::OK();
}

IOStatus DropDirectory::Fsync(const IOOptions&, IODebugContext*) {
  const std::lock_guard lock(owner_->mutex_);
  IOStatus status = owner_->enter_locked(kFsDirSync, path_, nullptr);
  if (!status.ok() || owner_->sync_is_ignored(path_)) return status;
  for (const DropFs::Change& change : owner_->changes_[path_]) {
    for (const auto& [path, inode] : change.sets) {
      if (inode == nullptr) {
        owner_->durable_names_.erase(path);
      } else {
        owner_->durable_names_[path] = inode;
      }
    }
  }
  owner_->changes_.erase(path_);
  return status;
}

IOStatus DropSequentialFile::Read(size_t bytes, const IOOptions& options, Slice* result,
                                  char* scratch, IODebugContext* dbg) {
  IOStatus status = owner_->enter(kFsRead, path_);
  return status.ok() ? target()->Read(bytes, options, result, scratch, dbg) : status;
}

IOStatus DropRandomAccessFile::Read(uint64_t offset, size_t bytes, const IOOptions& options,
                                    Slice* result, char* scratch, IODebugContext* dbg) const {
  IOStatus status = owner_->enter(kFsRead, path_);
  return status.ok() ? target()->Read(offset, bytes, options, result, scratch, dbg) : status;
}

IOStatus DropRandomAccessFile::MultiRead(rocksdb::FSReadRequest* requests, size_t count,
                                         const IOOptions& options, IODebugContext* dbg) {
  IOStatus status = owner_->enter(kFsRead, path_);
  return status.ok() ? target()->MultiRead(requests, count, options, dbg) : status;
}

IOStatus DropRandomAccessFile::Prefetch(uint64_t offset, size_t bytes, const IOOptions& options,
                                        IODebugContext* dbg) {
  IOStatus status = owner_->enter(kFsRead, path_);
  return status.ok() ? target()->Prefetch(offset, bytes, options, dbg) : status;
}

IOStatus DropFs::NewSequentialFile(const std::string& path, const FileOptions& options,
                                   std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                   IODebugContext* dbg) {
  if (!ours(path)) return target()->NewSequentialFile(path, options, result, dbg);
  IOStatus status = enter(kFsRead, path);
  std::unique_ptr<rocksdb::FSSequentialFile> file;
  if (status.ok()) status = target()->NewSequentialFile(path, options, &file, dbg);
  if (status.ok()) result->reset(new DropSequentialFile(std::move(file), this, path));
  return status;
}

IOStatus DropFs::NewRandomAccessFile(const std::string& path, const FileOptions& options,
                                     std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                     IODebugContext* dbg) {
  if (!ours(path)) return target()->NewRandomAccessFile(path, options, result, dbg);
  IOStatus status = enter(kFsRead, path);
  std::unique_ptr<rocksdb::FSRandomAccessFile> file;
  if (status.ok()) status = target()->NewRandomAccessFile(path, options, &file, dbg);
  if (status.ok()) result->reset(new DropRandomAccessFile(std::move(file), this, path));
  return status;
}

IOStatus DropFs::NewWritableFile(const std::string& path, const FileOptions& options,
                                 std::unique_ptr<rocksdb::FSWritableFile>* result,
                                 IODebugContext* dbg) {
  if (!ours(path)) return target()->NewWritableFile(path, options, result, dbg);
  const std::lock_guard lock(mutex_);
  IOStatus status = enter_locked(kFsOpen, path, nullptr);
  if (!status.ok()) return status;
  // A file of that name is replaced, not emptied: its synced bytes may come back.
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  std::unique_ptr<rocksdb::FSWritableFile> file;
  status = target()->NewWritableFile(path, options, &file, dbg);
  if (!status.ok()) return status;
  const InodePtr inode = adopt(normal(path), false);
  change(std::filesystem::path(normal(path)).parent_path().string(), {{{normal(path), inode}}});
  result->reset(new DropFile(std::move(file), this, path, inode));
  return status;
}

IOStatus DropFs::ReopenWritableFile(const std::string& path, const FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    IODebugContext* dbg) {
  if (!ours(path)) return target()->ReopenWritableFile(path, options, result, dbg);
  const std::lock_guard lock(mutex_);
  IOStatus status = enter_locked(kFsOpen, path, nullptr);
  std::unique_ptr<rocksdb::FSWritableFile> file;
  if (status.ok()) status = target()->ReopenWritableFile(path, options, &file, dbg);
  if (!status.ok()) return status;
  InodePtr& inode = names_[normal(path)];
  if (inode == nullptr) {
    const InodePtr made = adopt(normal(path), false);
    change(std::filesystem::path(normal(path)).parent_path().string(), {{{normal(path), made}}});
  }
  result->reset(new DropFile(std::move(file), this, path, names_[normal(path)]));
  return status;
}

IOStatus DropFs::ReuseWritableFile(const std::string&, const std::string&, const FileOptions&,
                                   std::unique_ptr<rocksdb::FSWritableFile>*, IODebugContext*) {
  return IOStatus::NotSupported("DropFs knows no reuse of files");
}

IOStatus DropFs::NewRandomRWFile(const std::string& path, const FileOptions& options,
                                 std::unique_ptr<rocksdb::FSRandomRWFile>* result,
                                 IODebugContext* dbg) {
  if (!ours(path)) return target()->NewRandomRWFile(path, options, result, dbg);
  return IOStatus::NotSupported("DropFs knows only appended files");
}

IOStatus DropFs::NewDirectory(const std::string& path, const IOOptions& options,
                              std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext* dbg) {
  std::unique_ptr<rocksdb::FSDirectory> directory;
  IOStatus status = target()->NewDirectory(path, options, &directory, dbg);
  const bool inside = normal(path) == root_.string() || ours(path);
  if (!status.ok() || !inside) {
    *result = std::move(directory);
    return status;
  }
  result->reset(new DropDirectory(std::move(directory), this, normal(path)));
  return status;
}

}  // namespace outbox::test

#include "watched_fs.h"

#include <rocksdb/file_system.h>

#include <utility>

namespace outbox::bench {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

class WatchedFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WatchedFile(std::unique_ptr<rocksdb::FSWritableFile> file, FileEvents& events, std::string path)
      : FSWritableFileOwnerWrapper(std::move(file)), events_(events), path_(std::move(path)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* dbg) override {
    events_.appending(path_, data.size());
    return target()->Append(data, options, dbg);
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& info, IODebugContext* dbg) override {
    events_.appending(path_, data.size());
    return target()->Append(data, options, info, dbg);
  }
  IOStatus PositionedAppend(const Slice& data, std::uint64_t offset, const IOOptions& options,
                            IODebugContext* dbg) override {
    events_.appending(path_, data.size());
    return target()->PositionedAppend(data, offset, options, dbg);
  }
  IOStatus PositionedAppend(const Slice& data, std::uint64_t offset, const IOOptions& options,
                            const rocksdb::DataVerificationInfo& info,
                            IODebugContext* dbg) override {
    events_.appending(path_, data.size());
    return target()->PositionedAppend(data, offset, options, info, dbg);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* dbg) override {
    events_.syncing(path_);
    return target()->Sync(options, dbg);
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* dbg) override {
    events_.syncing(path_);
    return target()->Fsync(options, dbg);
  }

 private:
  FileEvents& events_;
  const std::string path_;
};

class WatchedFs : public rocksdb::FileSystemWrapper {
 public:
  explicit WatchedFs(FileEvents& events)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), events_(events) {}
  const char* Name() const override { return "WatchedFs"; }

  IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext* dbg) override {
    events_.creating(path);
    return watched(path, target()->NewWritableFile(path, options, result, dbg), result);
  }
  IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* result,
                              IODebugContext* dbg) override {
    return watched(path, target()->ReopenWritableFile(path, options, result, dbg), result);
  }
  IOStatus LockFile(const std::string& path, const IOOptions& options, rocksdb::FileLock** lock,
                    IODebugContext* dbg) override {
    events_.locking(path);
    return target()->LockFile(path, options, lock, dbg);
  }

 private:
  IOStatus watched(const std::string& path, IOStatus opened,
                   std::unique_ptr<rocksdb::FSWritableFile>* file) {
    if (opened.ok()) *file = std::make_unique<WatchedFile>(std::move(*file), events_, path);
    return opened;
  }

  FileEvents& events_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> make_watched_env(FileEvents& events) {
  return rocksdb::NewCompositeEnv(std::make_shared<WatchedFs>(events));
}

}  // namespace outbox::bench

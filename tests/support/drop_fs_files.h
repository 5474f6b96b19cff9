#pragma once

#include <memory>
#include <string>

#include "support/drop_fs.h"

/// The files and directories that DropFs hands out.
namespace outbox::test {

class DropFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  DropFile(std::unique_ptr<rocksdb::FSWritableFile> file, DropFs* owner, std::string path,
           DropFs::InodePtr inode)
      : FSWritableFileOwnerWrapper(std::move(file)),
        owner_(owner),
        path_(std::move(path)),
        inode_(std::move(inode)) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& info,
                           rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus PositionedAppend(const rocksdb::Slice& data, uint64_t offset,
                                     const rocksdb::IOOptions& options,
                                     rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus PositionedAppend(const rocksdb::Slice& data, uint64_t offset,
                                     const rocksdb::IOOptions& options,
                                     const rocksdb::DataVerificationInfo& info,
                                     rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus Truncate(uint64_t bytes, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                          rocksdb::IODebugContext* dbg) override {
    return Sync(options, dbg);
  }
  rocksdb::IOStatus RangeSync(uint64_t offset, uint64_t bytes, const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* dbg) override;
  bool IsSyncThreadSafe() const override { return true; }
  /// Room that is set aside is no part of the model, and dear in memory.
  void PrepareWrite(size_t, size_t, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {}
  rocksdb::IOStatus Allocate(uint64_t, uint64_t, const rocksdb::IOOptions&,
                             rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::OK();
  }

 private:
  /// How much of a write fits the quota.
  std::uint64_t room_for(std::uint64_t bytes);
  void grown_by(std::uint64_t bytes);

  DropFs* const owner_;
  const std::string path_;
  const DropFs::InodePtr inode_;
};

class DropDirectory : public rocksdb::FSDirectoryWrapper {
 public:
  DropDirectory(std::unique_ptr<rocksdb::FSDirectory> directory, DropFs* owner, std::string path)
      : FSDirectoryWrapper(std::move(directory)), owner_(owner), path_(std::move(path)) {}

  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus FsyncWithDirOptions(const rocksdb::IOOptions& options,
                                        rocksdb::IODebugContext* dbg,
                                        const rocksdb::DirFsyncOptions&) override {
    return Fsync(options, dbg);
  }

 private:
  DropFs* const owner_;
  const std::string path_;
};

class DropSequentialFile : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  DropSequentialFile(std::unique_ptr<rocksdb::FSSequentialFile> file, DropFs* owner,
                     std::string path)
      : FSSequentialFileOwnerWrapper(std::move(file)), owner_(owner), path_(std::move(path)) {}
  rocksdb::IOStatus Read(size_t bytes, const rocksdb::IOOptions& options, rocksdb::Slice* result,
                         char* scratch, rocksdb::IODebugContext* dbg) override;

 private:
  DropFs* const owner_;
  const std::string path_;
};

class DropRandomAccessFile : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  DropRandomAccessFile(std::unique_ptr<rocksdb::FSRandomAccessFile> file, DropFs* owner,
                       std::string path)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), owner_(owner), path_(std::move(path)) {}
  rocksdb::IOStatus Read(uint64_t offset, size_t bytes, const rocksdb::IOOptions& options,
                         rocksdb::Slice* result, char* scratch,
                         rocksdb::IODebugContext* dbg) const override;
  rocksdb::IOStatus MultiRead(rocksdb::FSReadRequest* requests, size_t count,
                              const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus Prefetch(uint64_t offset, size_t bytes, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* dbg) override;

 private:
  DropFs* const owner_;
  const std::string path_;
};

}  // namespace outbox::test

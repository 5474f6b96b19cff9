#include "store/wal_cut_view.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace outbox::store {

namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

/// Ends after `left` bytes.
class CutFile : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  CutFile(std::unique_ptr<rocksdb::FSSequentialFile> file, std::uint64_t left)
      : FSSequentialFileOwnerWrapper(std::move(file)), left_(left) {}

  IOStatus Read(size_t bytes, const IOOptions& options, rocksdb::Slice* result, char* scratch,
                IODebugContext* dbg) override {
    const std::size_t wanted = std::min<std::uint64_t>(bytes, left_);
    IOStatus status = target()->Read(wanted, options, result, scratch, dbg);
    if (status.ok()) left_ -= result->size();
    return status;
  }
  IOStatus Skip(uint64_t bytes) override {
    left_ -= std::min(bytes, left_);
    return target()->Skip(bytes);
  }

 private:
  std::uint64_t left_;
};

class CutView : public rocksdb::FileSystemWrapper {
 public:
  using Cuts = std::map<std::string, std::uint64_t>;  ///< path to size

  CutView(const std::shared_ptr<rocksdb::FileSystem>& target, Cuts cuts)
      : FileSystemWrapper(target), cuts_(std::move(cuts)) {}
  const char* Name() const override { return "OutboxCutView"; }

  IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                             IODebugContext* dbg) override {
    std::unique_ptr<rocksdb::FSSequentialFile> file;
    IOStatus status = target()->NewSequentialFile(path, options, &file, dbg);
    const auto cut = cuts_.find(std::filesystem::path(path).lexically_normal().string());
    if (status.ok() && cut != cuts_.end()) {
      file = std::make_unique<CutFile>(std::move(file), cut->second);
    }
    *result = std::move(file);
    return status;
  }
  IOStatus GetFileSize(const std::string& path, const IOOptions& options, uint64_t* bytes,
                       IODebugContext* dbg) override {
    const auto cut = cuts_.find(std::filesystem::path(path).lexically_normal().string());
    if (cut == cuts_.end()) return target()->GetFileSize(path, options, bytes, dbg);
    *bytes = cut->second;
    return IOStatus::OK();
  }

 private:
  const Cuts cuts_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> view_with_cuts(rocksdb::Env& env, const std::filesystem::path& dir,
                                             const std::vector<TornWal>& torn) {
  CutView::Cuts cuts;
  for (const TornWal& wal : torn) {
    cuts[(dir / wal.name).lexically_normal().string()] = wal.scan.whole_bytes;
  }
  return rocksdb::NewCompositeEnv(std::make_shared<CutView>(env.GetFileSystem(), std::move(cuts)));
}

}  // namespace outbox::store

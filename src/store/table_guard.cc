#include "store/table_guard.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/endian.h"
#include "store/coding.h"
#include "store/table_checksum.h"

namespace outbox::store {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

// RocksDB's table format, as of format_version 5 (table/format.cc): a file ends with the kind of
// checksum, two handles padded to 40 bytes, the version and a magic number; a block is followed by
// one byte for its compression and the checksum of both.
constexpr std::size_t kFooterBytes = 53;
constexpr std::size_t kMagicAt = 45;
constexpr std::uint64_t kMagic = 0x88e241b785f4cff7;
constexpr std::size_t kTrailerBytes = 5;
constexpr std::string_view kPropertiesName = "rocksdb.properties";
// No block that is asked for here is larger, unless its handle is garbage.
constexpr std::uint64_t kBlockBytesMax = 16U << 20;

struct Handle {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

std::optional<Handle> read_handle(Parser& from) {
  const std::uint64_t offset = from.varint();
  const std::uint64_t bytes = from.varint();
  if (!from.ok() || bytes > kBlockBytesMax) return std::nullopt;
  return Handle{offset, bytes};
}

class Table {
 public:
  Table(const rocksdb::FSRandomAccessFile& file, std::uint64_t bytes)
      : file_(file), bytes_(bytes) {}

  /// What is wrong and RocksDB would not notice in time. Whatever cannot be followed is left to it:
  /// it verifies all but the properties before it uses them.
  const char* fault() const {
    if (bytes_ < kFooterBytes) return nullptr;
    const std::string footer = read(bytes_ - kFooterBytes, kFooterBytes);
    if (footer.empty() || get_little<std::uint64_t>(footer.data() + kMagicAt) != kMagic) {
      return nullptr;
    }
    const auto kind = static_cast<TableChecksum>(footer.front());
    if (kind == TableChecksum::kNone) return "its footer says that it has no checksums";
    if (!table_checksum(kind, footer)) return "its footer names a checksum that no table has here";
    Parser handles(std::string_view(footer).substr(1));
    const auto index = read_handle(handles);
    const auto properties = index ? find_properties(kind, *index) : std::nullopt;
    if (!properties) return nullptr;
    const std::string content = block(*properties);
    if (content.empty() || whole(kind, content)) return nullptr;
    return "its properties do not match their checksum";
  }

 private:
  /// Empty: it cannot be read.
  std::string read(std::uint64_t offset, std::size_t bytes) const {
    std::string scratch(bytes, '\0');
    rocksdb::Slice got;
    const IOStatus status = file_.Read(offset, bytes, IOOptions(), &got, scratch.data(), nullptr);
    return status.ok() && got.size() == bytes ? got.ToString() : std::string();
  }

  /// With what follows it.
  std::string block(const Handle& handle) const {
    return read(handle.offset, handle.bytes + kTrailerBytes);
  }

  static bool whole(TableChecksum kind, std::string_view block) {
    const std::size_t summed = block.size() - sizeof(std::uint32_t);
    return table_checksum(kind, block.substr(0, summed)) ==
           get_little<std::uint32_t>(block.data() + summed);
  }

  std::optional<Handle> find_properties(TableChecksum kind, const Handle& index) const {
    const std::string content = block(index);
    if (content.empty() || !whole(kind, content)) return std::nullopt;
    Parser entries(std::string_view(content).substr(0, index.bytes));
    // The restarts at the end of a block read as entries that are no name of ours.
    std::string key;
    while (!entries.at_end() && entries.ok()) {
      const std::uint64_t shared = entries.varint();
      const std::uint64_t own = entries.varint();
      const std::uint64_t value = entries.varint();
      key.resize(std::min<std::uint64_t>(shared, key.size()));
      key.append(entries.take(own));
      Parser handle(entries.take(value));
      if (key == kPropertiesName) return read_handle(handle);
    }
    return std::nullopt;
  }

  const rocksdb::FSRandomAccessFile& file_;
  const std::uint64_t bytes_;
};

class TableGuard : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;
  const char* Name() const override { return "OutboxTableGuard"; }

  IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               IODebugContext* dbg) override {
    IOStatus opened = target()->NewRandomAccessFile(path, options, result, dbg);
    if (!opened.ok() || !path.ends_with(".sst")) return opened;
    std::uint64_t bytes = 0;
    IOStatus sized = target()->GetFileSize(path, options.io_options, &bytes, dbg);
    if (!sized.ok()) return sized;
    const char* const fault = Table(**result, bytes).fault();
    return fault == nullptr ? IOStatus::OK() : IOStatus::Corruption(path, fault);
  }
};

class GuardedEnv : public rocksdb::EnvWrapper {
 public:
  explicit GuardedEnv(rocksdb::Env& env) : EnvWrapper(&env) {
    file_system_ = std::make_shared<TableGuard>(env.GetFileSystem());
    system_clock_ = env.GetSystemClock();
  }
  const char* Name() const override { return "OutboxGuardedEnv"; }
};

}  // namespace

std::unique_ptr<rocksdb::Env> guard_tables(rocksdb::Env& env) {
  return std::make_unique<GuardedEnv>(env);
}

}  // namespace outbox::store

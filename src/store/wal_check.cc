#include "store/wal_check.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <string_view>

#include "store/remedy.h"
#include "store/rocks_status.h"
#include "store/sync_directory.h"

namespace outbox::store {

namespace {

constexpr std::string_view kWalSuffix = ".log";
constexpr const char* kCurrent = "CURRENT";
constexpr std::size_t kSectorBytes = 512;
constexpr const char* kQuarantine = "quarantine";
constexpr std::size_t kCopyBytes = std::size_t{1} << 20;

struct WalFile {
  std::uint64_t number = 0;
  std::string name;
};

/// Oldest first.
Result<std::vector<WalFile>> list_wals(rocksdb::Env& env, const std::filesystem::path& dir) {
  std::vector<std::string> names;
  const rocksdb::Status listed = env.GetChildren(dir.string(), &names);
  if (!listed.ok()) return from_rocks(listed, "listing " + dir.string());
  std::vector<WalFile> wals;
  for (const std::string& name : names) {
    if (!name.ends_with(kWalSuffix)) continue;
    const char* end = name.data() + name.size() - kWalSuffix.size();
    std::uint64_t number = 0;
    const auto parsed = std::from_chars(name.data(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end) wals.push_back({number, name});
  }
  std::sort(wals.begin(), wals.end(),
            [](const WalFile& a, const WalFile& b) { return a.number < b.number; });
  return wals;
}

/// Is what one sector holds of the file's end all zeros? A write that never finished looks so, a
/// flipped bit does not.
bool lost_a_sector(std::string_view file, std::size_t from) {
  while (from < file.size()) {
    const std::size_t end = std::min(file.size(), (from / kSectorBytes + 1) * kSectorBytes);
    if (file.substr(from, end - from).find_first_not_of('\0') == std::string_view::npos)
      return true;
    from = end;
  }
  return false;
}

/// RocksDB acts upon a record of the MANIFEST (drops a WAL, a table) only once it is synced, so
/// without its torn end everything is there as before. What cannot be read RocksDB will tell.
Status check_manifest(rocksdb::Env& env, const std::filesystem::path& dir,
                      std::vector<TornWal>& torn) {
  std::string name;
  if (!rocksdb::ReadFileToString(&env, (dir / kCurrent).string(), &name).ok()) return {};
  if (name.ends_with('\n')) name.pop_back();
  const std::string path = (dir / name).string();
  std::string bytes;
  if (name.empty() || !rocksdb::ReadFileToString(&env, path, &bytes).ok()) return {};
  const Result<WalScan> scan = scan_wal(env, path, 0);
  if (!scan.ok()) return scan.status();
  if (scan->damaged && !scan->record_after && lost_a_sector(bytes, scan->whole_bytes)) {
    torn.push_back({name, *scan});
  }
  return {};
}

Status damaged(const std::filesystem::path& dir, const TornWal& wal, const std::string& after) {
  return {Code::kCorruption, (dir / wal.name).string() + " " + describe_damage(wal.scan) + " and " +
                                 after + ": entries that were durable are unreadable" +
                                 unchanged()};
}

std::string copy_name(const TornWal& torn) {
  return std::string(kQuarantine) + "/" + torn.name + ".cut-at-" +
         std::to_string(torn.scan.whole_bytes);
}

rocksdb::Status copy_file(rocksdb::Env& env, const std::string& from, const std::string& to) {
  std::unique_ptr<rocksdb::SequentialFile> source;
  std::unique_ptr<rocksdb::WritableFile> target;
  rocksdb::Status status = env.NewSequentialFile(from, &source, rocksdb::EnvOptions());
  if (status.ok()) status = env.NewWritableFile(to, &target, rocksdb::EnvOptions());
  std::string buffer(kCopyBytes, '\0');
  rocksdb::Slice piece;
  while (status.ok()) {
    status = source->Read(buffer.size(), &piece, buffer.data());
    if (!status.ok() || piece.empty()) break;
    status = target->Append(piece);
  }
  if (status.ok()) status = target->Sync();
  if (status.ok()) status = target->Close();
  return status;
}

rocksdb::Status truncate_file(rocksdb::Env& env, const std::string& path, std::uint64_t bytes) {
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = env.ReopenWritableFile(path, &file, rocksdb::EnvOptions());
  if (status.ok()) status = file->Truncate(bytes);
  if (status.ok()) status = file->Fsync();
  if (status.ok()) status = file->Close();
  return status;
}

}  // namespace

Result<CheckedWals> check_wals(rocksdb::Env& env, const std::filesystem::path& dir) {
  const Result<std::vector<WalFile>> wals = list_wals(env, dir);
  if (!wals.ok()) return wals.status();
  CheckedWals checked;
  std::vector<TornWal>& torn = checked.torn;
  for (const WalFile& wal : *wals) {
    const Result<WalScan> scan = scan_wal(env, (dir / wal.name).string(), wal.number);
    if (!scan.ok()) return scan.status();
    if (!torn.empty() && !scan->empty) {
      return damaged(dir, torn.front(), "newer records follow in " + wal.name);
    }
    if (scan->records > 0) {
      checked.spans.push_back({wal.number, wal.name, scan->first_sequence, scan->next_sequence});
    }
    if (!scan->damaged) continue;
    torn.push_back({wal.name, *scan});
    if (scan->record_after) return damaged(dir, torn.back(), "another record follows");
  }
  if (Status whole = check_manifest(env, dir, torn); !whole.ok()) return whole;
  return checked;
}

Status check_wal_chain(const std::filesystem::path& dir, const std::vector<WalSpan>& spans,
                       std::uint64_t oldest) {
  const WalSpan* before = nullptr;
  for (const WalSpan& wal : spans) {
    if (wal.number < oldest) continue;
    if (before != nullptr && wal.first_sequence != before->next_sequence) {
      return {Code::kCorruption, "between " + (dir / before->name).string() + " and " + wal.name +
                                     " the writes " + std::to_string(before->next_sequence) + ".." +
                                     std::to_string(wal.first_sequence - 1) + " are missing" +
                                     unchanged()};
    }
    before = &wal;
  }
  return {};
}

Status cut_torn_tail(rocksdb::Env& env, const std::filesystem::path& dir, const TornWal& torn) {
  const std::string path = (dir / torn.name).string();
  const std::string copy = (dir / copy_name(torn)).string();
  rocksdb::Status status = env.CreateDirIfMissing((dir / kQuarantine).string());
  if (status.ok()) status = copy_file(env, path, copy);
  if (!status.ok()) return from_rocks(status, "copying " + path + " to " + copy);
  Status synced = sync_directory(env, dir / kQuarantine);
  if (synced.ok()) synced = sync_directory(env, dir);
  if (!synced.ok()) return synced;
  return from_rocks(truncate_file(env, path, torn.scan.whole_bytes), "cutting " + path);
}

std::string describe_cut(const TornWal& torn) {
  const std::uint64_t lost_bytes = torn.scan.file_bytes - torn.scan.whole_bytes;
  return torn.name + ": the last " + std::to_string(lost_bytes) + " bytes (" +
         std::to_string(torn.scan.whole_bytes) + ".." + std::to_string(torn.scan.file_bytes) +
         ") are a write that never finished (" + torn.scan.damage + "); cut off, copy in " +
         copy_name(torn);
}

}  // namespace outbox::store

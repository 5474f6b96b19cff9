#include "support/drop_fs.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "support/drop_fs_files.h"

namespace outbox::test {

namespace fs = std::filesystem;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

namespace {

constexpr std::uint64_t kSectorBytes = 512;

std::string directory_of(const std::string& path) { return fs::path(path).parent_path().string(); }

IOStatus error_status(int error, const std::string& path) {
  if (error == ENOSPC) return IOStatus::NoSpace("injected", path);
  return IOStatus::IOError("injected", path);
}

}  // namespace

std::string DropFs::normal(const std::string& path) {
  fs::path lexical = fs::path(path).lexically_normal();
  if (!lexical.has_filename()) lexical = lexical.parent_path();
  return lexical.string();
}

DropFs::Inode::~Inode() {
  std::error_code ignored;
  fs::remove(link, ignored);
}

std::shared_ptr<DropFs> DropFs::create(const fs::path& root) {
  return std::shared_ptr<DropFs>(new DropFs(root));
}

DropFs::DropFs(const fs::path& root)
    : FileSystemWrapper(FileSystem::Default()),
      root_(normal(root.string())),
      inodes_(root_.string() + ".inodes") {
  fs::create_directories(inodes_);
  scan();
}

DropFs::~DropFs() {
  std::error_code ignored;
  fs::remove_all(inodes_, ignored);
}

/// Everything present is durable.
void DropFs::scan() {
  names_.clear();
  durable_names_.clear();
  changes_.clear();
  for (const auto& entry : fs::recursive_directory_iterator(root_)) {
    const std::string name = entry.path().filename().string();
    // The locks are not a file's contents; they are never lost.
    if (!entry.is_regular_file() || name == "LOCK" || name == "holder") continue;
    adopt(entry.path().string(), true);
  }
}

bool DropFs::ours(const std::string& path) const {
  const std::string prefix = root_.string() + "/";
  return normal(path).compare(0, prefix.size(), prefix) == 0;
}

/// Gives the file at `path` an inode and its name. Caller holds the mutex.
DropFs::InodePtr DropFs::adopt(const std::string& path, bool durable) {
  auto inode = std::make_shared<Inode>();
  inode->link = inodes_ / std::to_string(next_inode_++);
  fs::create_hard_link(path, inode->link);
  inode->bytes = fs::file_size(path);
  if (durable) {
    inode->synced_bytes = inode->bytes;
    durable_names_[path] = inode;
  }
  names_[path] = inode;
  return inode;
}

void DropFs::change(const std::string& dir, Change change) {
  for (const auto& [path, inode] : change.sets) {
    if (inode == nullptr) {
      names_.erase(path);
    } else {
      names_[path] = inode;
    }
  }
  changes_[dir].push_back(std::move(change));
}

void DropFs::cut_power() {
  const std::lock_guard lock(mutex_);
  powered_ = false;
  released_.notify_all();
}

void DropFs::cut_power_at(std::uint64_t nth_change, std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  random_.seed(seed);
  changes_until_cut_ = nth_change;
}

bool DropFs::powered() const {
  const std::lock_guard lock(mutex_);
  return powered_;
}

/// Of each directory's changes since its Fsync, those up to some point.
DropFs::Names DropFs::surviving_names(Keep keep) {
  Names names = durable_names_;
  for (const auto& [dir, changes] : changes_) {
    std::size_t kept = 0;
    if (keep == Keep::kAll) kept = changes.size();
    if (keep == Keep::kRandom) kept = random_() % (changes.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) {
      for (const auto& [path, inode] : changes[i].sets) {
        if (inode == nullptr) {
          names.erase(path);
        } else {
          names[path] = inode;
        }
      }
    }
  }
  return names;
}

void DropFs::lose_bytes(Inode& inode, Keep keep) {
  if (!inode.cut_off.empty() && (keep == Keep::kSynced || random_() % 2 == 0)) {
    std::ofstream(inode.link, std::ios::binary | std::ios::app) << inode.cut_off;
    return;
  }
  const std::uint64_t bytes = fs::file_size(inode.link);
  if (keep == Keep::kAll || bytes <= inode.synced_bytes) return;
  const std::uint64_t unsynced = bytes - inode.synced_bytes;
  const std::uint64_t how = keep == Keep::kSynced ? 0 : random_() % 4;
  if (how == 1) return;
  const std::uint64_t kept = inode.synced_bytes + (how == 0 ? 0 : random_() % (unsynced + 1));
  fs::resize_file(inode.link, kept);
  if (how != 3) return;
  std::fstream file(inode.link, std::ios::in | std::ios::out | std::ios::binary);
  for (std::uint64_t at = inode.synced_bytes; at < kept;) {
    const std::uint64_t end = std::min(kept, (at / kSectorBytes + 1) * kSectorBytes);
    if (random_() % 2 == 0) {
      file.seekp(static_cast<std::streamoff>(at));
      file << std::string(end - at, '\0');
    }
    at = end;
  }
}

void DropFs::restore_power(std::uint64_t seed, Keep keep) {
  const std::lock_guard lock(mutex_);
  random_.seed(seed);
  const Names names = surviving_names(keep);
  std::map<Inode*, InodePtr> inodes;
  for (const auto& [path, inode] : names) inodes[inode.get()] = inode;
  // In order of their ids, so that a seed always does the same.
  std::vector<InodePtr> ordered;
  for (const auto& [raw, inode] : inodes) ordered.push_back(inode);
  std::sort(ordered.begin(), ordered.end(), [](const InodePtr& a, const InodePtr& b) {
    return std::stoull(a->link.filename()) < std::stoull(b->link.filename());
  });
  for (const InodePtr& inode : ordered) lose_bytes(*inode, keep);
  for (const auto& [path, inode] : names_) fs::remove(path);
  for (const auto& [path, inode] : names) fs::create_hard_link(inode->link, path);
  changes_until_cut_.reset();
  fault_.reset();
  powered_ = true;
  scan();
}

void DropFs::restart_process() {
  const std::lock_guard lock(mutex_);
  changes_until_cut_.reset();
  fault_.reset();
  powered_ = true;
  for (const auto& [path, inode] : names_) inode->bytes = fs::file_size(path);
}

void DropFs::fail(const FsFault& fault) {
  const std::lock_guard lock(mutex_);
  fault_ = fault;
  fault_matches_ = failed_ = 0;
}

void DropFs::heal() {
  const std::lock_guard lock(mutex_);
  fault_.reset();
}

std::uint64_t DropFs::failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

std::uint64_t DropFs::count(unsigned ops) const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const auto& [op, count] : counts_) sum += (op & ops) != 0 ? count : 0;
  return sum;
}

void DropFs::set_quota_bytes(std::optional<std::uint64_t> bytes) {
  const std::lock_guard lock(mutex_);
  quota_bytes_ = bytes;
}

std::uint64_t DropFs::used_bytes() const {
  const std::lock_guard lock(mutex_);
  return used_bytes_locked();
}

std::uint64_t DropFs::used_bytes_locked() const {
  std::uint64_t sum = 0;
  for (const auto& [path, inode] : names_) sum += inode->bytes;
  return sum;
}

void DropFs::hang_syncs(std::optional<std::string> path_contains) {
  const std::lock_guard lock(mutex_);
  hanging_syncs_ = std::move(path_contains);
  released_.notify_all();
}

int DropFs::hanging() const {
  const std::lock_guard lock(mutex_);
  return hanging_;
}

void DropFs::wait_while_hanging(std::unique_lock<std::mutex>& lock, const std::string& path) {
  ++hanging_;
  released_.wait(lock, [&] {
    return !powered_ || !hanging_syncs_ || path.find(*hanging_syncs_) == std::string::npos;
  });
  --hanging_;
}

void DropFs::slow_syncs(std::chrono::milliseconds more) {
  const std::lock_guard lock(mutex_);
  sync_more_ = more;
}

void DropFs::wait_while_slow(std::unique_lock<std::mutex>& lock) {
  if (sync_more_.count() > 0) released_.wait_for(lock, sync_more_, [&] { return !powered_; });
}

void DropFs::ignore_syncs(std::optional<std::string> path_contains) {
  const std::lock_guard lock(mutex_);
  ignored_syncs_ = std::move(path_contains);
}

bool DropFs::sync_is_ignored(const std::string& path) const {
  return ignored_syncs_ && path.find(*ignored_syncs_) != std::string::npos;
}

IOStatus DropFs::enter(unsigned op, const std::string& path, bool* partial) {
  const std::lock_guard lock(mutex_);
  return enter_locked(op, path, partial);
}

IOStatus DropFs::enter_locked(unsigned op, const std::string& path, bool* partial) {
  if (!powered_) return IOStatus::IOError("no power", path);
  ++counts_[op];
  if (changes_until_cut_ && (op & kFsChange) != 0 && --*changes_until_cut_ == 0) {
    powered_ = false;
    released_.notify_all();
    if (partial != nullptr) *partial = true;
    return IOStatus::IOError("no power", path);
  }
  if (!fault_ || (fault_->ops & op) == 0) return IOStatus::OK();
  if (path.find(fault_->path_contains) == std::string::npos) return IOStatus::OK();
  ++fault_matches_;
  const bool hit = fault_->forever ? fault_matches_ >= fault_->nth : fault_matches_ == fault_->nth;
  if (!hit) return IOStatus::OK();
  ++failed_;
  return error_status(fault_->error, path);
}

IOStatus DropFs::DeleteFile(const std::string& path, const IOOptions& options,
                            IODebugContext* dbg) {
  if (!ours(path)) return target()->DeleteFile(path, options, dbg);
  const std::lock_guard lock(mutex_);
  IOStatus status = enter_locked(kFsDelete, path, nullptr);
  if (status.ok()) status = target()->DeleteFile(path, options, dbg);
  if (status.ok()) change(directory_of(normal(path)), {{{normal(path), nullptr}}});
  return status;
}

IOStatus DropFs::RenameFile(const std::string& from, const std::string& to,
                            const IOOptions& options, IODebugContext* dbg) {
  if (!ours(from)) return target()->RenameFile(from, to, options, dbg);
  const std::lock_guard lock(mutex_);
  IOStatus status = enter_locked(kFsRename, to, nullptr);
  if (status.ok()) status = target()->RenameFile(from, to, options, dbg);
  if (!status.ok()) return status;
  const InodePtr inode = names_[normal(from)];
  const std::string from_dir = directory_of(normal(from));
  const std::string to_dir = directory_of(normal(to));
  if (from_dir == to_dir) {
    change(to_dir, {{{normal(from), nullptr}, {normal(to), inode}}});
  } else {
    change(to_dir, {{{normal(to), inode}}});
    change(from_dir, {{{normal(from), nullptr}}});
  }
  return status;
}

IOStatus DropFs::LinkFile(const std::string& from, const std::string& to, const IOOptions& options,
                          IODebugContext* dbg) {
  if (!ours(from) || !ours(to)) return target()->LinkFile(from, to, options, dbg);
  const std::lock_guard lock(mutex_);
  IOStatus status = enter_locked(kFsRename, to, nullptr);
  if (status.ok()) status = target()->LinkFile(from, to, options, dbg);
  if (status.ok()) change(directory_of(normal(to)), {{{normal(to), names_[normal(from)]}}});
  return status;
}

IOStatus DropFs::Truncate(const std::string& path, size_t bytes, const IOOptions& options,
                          IODebugContext* dbg) {
  if (!ours(path)) return target()->Truncate(path, bytes, options, dbg);
  return IOStatus::NotSupported("as in RocksDB's own file system");
}

IOStatus DropFs::GetFreeSpace(const std::string& path, const IOOptions& options,
                              uint64_t* free_bytes, IODebugContext* dbg) {
  const std::lock_guard lock(mutex_);
  if (!quota_bytes_) return target()->GetFreeSpace(path, options, free_bytes, dbg);
  const std::uint64_t used = used_bytes_locked();
  *free_bytes = used >= *quota_bytes_ ? 0 : *quota_bytes_ - used;
  return IOStatus::OK();
}

}  // namespace outbox::test

#pragma once

#include <rocksdb/file_system.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace outbox::test {

/// Kinds of file operations, as bits.
enum FsOp : unsigned {
  kFsWrite = 1,   ///< Append and its like
  kFsSync = 2,    ///< of a file
  kFsOpen = 4,    ///< for writing, or a new file
  kFsRename = 8,  ///< and hard links
  kFsRead = 16,   ///< also opening for reading
  kFsTruncate = 32,
  kFsDelete = 64,
  kFsDirSync = 128,
  kFsChange = 255 & ~16U,  ///< all but reads
  kFsAny = 255,
};

/// The nth matching operation from now on fails: once, or it and all after it.
struct FsFault {
  unsigned ops = kFsAny;
  std::uint64_t nth = 1;
  bool forever = false;
  int error = EIO;  ///< EIO or ENOSPC
  std::string path_contains = {};
};

/// What of the unsynced bytes and names is found after a power cut.
enum class Keep {
  kSynced,  ///< nothing unsynced
  kAll,     ///< everything: what kill -9 leaves
  kRandom,  ///< per file: none, all, a prefix, or a prefix with sectors of zeros
};

/// A file system over a real directory, that knows what was synced and can lose the rest, fail,
/// or be full. Files outside `root` are passed through. Thread-safe. Real
/// fsyncs are not done: the page cache of the machine is our disk.
///
/// Model: the bytes of a file up to its last Sync are kept; of the later ones any
/// 512-byte sectors may be missing. Creations, renames, links and deletions
/// in a directory since its last Fsync are undone from some point on (a file's
/// Sync does not make its name durable). After a failed Sync later ones of the file are OK and
/// worth nothing. Creating a directory is durable at once.
class DropFs : public rocksdb::FileSystemWrapper {
 public:
  /// `root` must exist; what is in it counts as durable. A directory
  /// `root`.inodes is made beside it.
  static std::shared_ptr<DropFs> create(const std::filesystem::path& root);
  ~DropFs() override;
  const char* Name() const override { return "DropFs"; }

  /// From now on every operation fails.
  void cut_power();
  /// The nth change from now on is not done any more (a write: in part).
  void cut_power_at(std::uint64_t nth_change, std::uint64_t seed);
  bool powered() const;
  /// Leaves in the directory what a disk would show, and lives again. Nothing
  /// may have a file open for writing.
  void restore_power(std::uint64_t seed, Keep keep = Keep::kRandom);
  /// It was only the process that died: nothing is lost, nothing more is
  /// durable either. Nothing may have a file open for writing.
  void restart_process();

  void fail(const FsFault& fault);
  void heal();
  /// How many operations the present or last fault has failed.
  std::uint64_t failed() const;
  /// Matching operations since creation.
  std::uint64_t count(unsigned ops) const;
  /// Unset: as much as there is.
  void set_quota_bytes(std::optional<std::uint64_t> bytes);
  std::uint64_t used_bytes() const;
  /// A drive that lies about flush: the Sync of files (and directories) whose
  /// path contains this is OK and does nothing. Unset: none.
  void ignore_syncs(std::optional<std::string> path_contains);
  /// A disk that hangs: the Sync of files whose path contains this does not return, until it is
  /// unset or the power goes. Unset: none.
  void hang_syncs(std::optional<std::string> path_contains);
  /// A slow disk: the Sync of a file takes this much longer.
  void slow_syncs(std::chrono::milliseconds more);
  /// Syncs that hang now.
  int hanging() const;

  rocksdb::IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                      rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus NewRandomAccessFile(const std::string& path,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                        rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* result,
                                       rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus ReuseWritableFile(const std::string& path, const std::string& old_path,
                                      const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* result,
                                      rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus NewRandomRWFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSRandomRWFile>* result,
                                    rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* result,
                                 rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus Truncate(const std::string& path, size_t bytes,
                             const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus LinkFile(const std::string& from, const std::string& to,
                             const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options,
                                 uint64_t* free_bytes, rocksdb::IODebugContext* dbg) override;

 private:
  friend class DropFile;
  friend class DropDirectory;
  friend class DropSequentialFile;
  friend class DropRandomAccessFile;

  /// A file, whatever its names. `root`.inodes/<id> is one more name of it.
  struct Inode {
    std::uint64_t bytes = 0;
    std::uint64_t synced_bytes = 0;
    /// A Sync failed: the kernel has dropped the bytes it covered and calls
    /// them clean, so that later Syncs are OK and make nothing durable.
    bool sync_failed = false;
    /// Truncated away and not yet synced: what a power cut may bring back.
    std::string cut_off;
    std::filesystem::path link;

    Inode() = default;
    ~Inode();  ///< removes the link
    Inode(const Inode&) = delete;
    Inode& operator=(const Inode&) = delete;
  };
  using InodePtr = std::shared_ptr<Inode>;
  using Names = std::map<std::string, InodePtr>;  ///< by path
  /// One change of a directory since its last Fsync; null removes the name.
  struct Change {
    std::vector<std::pair<std::string, InodePtr>> sets;
  };

  explicit DropFs(const std::filesystem::path& root);
  static std::string normal(const std::string& path);
  bool ours(const std::string& path) const;
  /// Counts the operation; not OK: it must not be done. `partial` is set when
  /// a write may still be done in part, because the power goes during it.
  rocksdb::IOStatus enter(unsigned op, const std::string& path, bool* partial = nullptr);
  rocksdb::IOStatus enter_locked(unsigned op, const std::string& path, bool* partial);
  InodePtr adopt(const std::string& path, bool durable);
  void change(const std::string& dir, Change change);
  bool sync_is_ignored(const std::string& path) const;
  void wait_while_hanging(std::unique_lock<std::mutex>& lock, const std::string& path);
  void wait_while_slow(std::unique_lock<std::mutex>& lock);
  std::uint64_t used_bytes_locked() const;
  void scan();
  void lose_bytes(Inode& inode, Keep keep);
  Names surviving_names(Keep keep);

  const std::filesystem::path root_;
  const std::filesystem::path inodes_;
  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  bool powered_ = true;
  std::optional<std::string> ignored_syncs_;
  std::optional<std::string> hanging_syncs_;
  std::chrono::milliseconds sync_more_{0};
  std::condition_variable released_;
  int hanging_ = 0;
  std::optional<std::uint64_t> changes_until_cut_;
  std::optional<FsFault> fault_;
  std::uint64_t fault_matches_ = 0;
  std::uint64_t failed_ = 0;
  std::map<unsigned, std::uint64_t> counts_;
  std::optional<std::uint64_t> quota_bytes_;
  std::uint64_t next_inode_ = 0;
  Names names_;                                         ///< as the program sees them
  Names durable_names_;                                 ///< as of the last Fsync of each directory
  std::map<std::string, std::vector<Change>> changes_;  ///< by directory, in order
};

}  // namespace outbox::test

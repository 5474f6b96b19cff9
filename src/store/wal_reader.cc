#include "store/wal_reader.h"

#include <rocksdb/env.h>

#include <memory>
#include <string_view>

#include "base/endian.h"
#include "store/rocks_status.h"
#include "store/wal_fragment.h"

namespace outbox::store {

namespace {

constexpr std::size_t kBatchHeadBytes = sizeof(std::uint64_t) + sizeof(std::uint32_t);

/// The blocks of a file, one at a time.
class Blocks {
 public:
  static Result<Blocks> open(rocksdb::Env& env, const std::string& path) {
    Blocks blocks;
    blocks.path_ = path;
    const rocksdb::Status status =
        env.NewSequentialFile(path, &blocks.file_, rocksdb::EnvOptions());
    if (!status.ok()) return from_rocks(status, "opening " + path);
    blocks.buffer_.resize(kWalBlockBytes);
    return blocks;
  }

  /// Empty at the end of the file; shorter than a block only there.
  Result<std::string_view> next() {
    std::size_t have = 0;
    while (have < kWalBlockBytes) {
      rocksdb::Slice got;
      const rocksdb::Status status =
          file_->Read(kWalBlockBytes - have, &got, buffer_.data() + have);
      if (!status.ok()) return from_rocks(status, "reading " + path_);
      if (got.empty()) break;
      if (got.data() != buffer_.data() + have) {
        buffer_.replace(have, got.size(), got.data(), got.size());
      }
      have += got.size();
    }
    return std::string_view(buffer_).substr(0, have);
  }

 private:
  std::string path_;
  std::unique_ptr<rocksdb::SequentialFile> file_;
  std::string buffer_;
};

/// Goes through the fragments until one is damaged, then looks only for
/// another record's beginning.
class Scanner {
 public:
  explicit Scanner(std::uint64_t wal_number) : wal_number_(wal_number) {}

  void take(std::string_view block) {
    std::size_t at = 0;
    if (!scan_.damaged) at = read_fragments(block);
    if (scan_.damaged && !scan_.record_after) find_beginning(block, at);
    scan_.file_bytes += block.size();
  }

  bool done() const { return scan_.record_after; }

  WalScan finish() {
    if (!scan_.damaged && in_record_) damage(scan_.file_bytes, "a record without its end");
    return scan_;
  }

 private:
  /// Returns where to go on looking after damage.
  std::size_t read_fragments(std::string_view block) {
    std::size_t at = 0;
    while (block.size() - at >= kWalHeaderBytes) {
      const WalFragment fragment = parse_wal_fragment(block.substr(at), wal_number_);
      const char* why = fragment.damage;
      if (why == nullptr) why = out_of_place(fragment);
      if (why != nullptr) {
        damage(scan_.file_bytes + at, why);
        // A good fragment that is out of place may itself begin a record.
        return fragment.damage == nullptr ? at : at + 1;
      }
      keep_head(fragment, block.substr(at, fragment.bytes));
      at += fragment.bytes;
      if (fragment.begins()) scan_.empty = false;
      in_record_ = !fragment.ends() && fragment.type != WalFragmentType::kSetCompression;
      if (!in_record_) {
        scan_.whole_bytes = scan_.file_bytes + at;
        if (fragment.ends()) count_record();
      }
    }
    check_trailer(block, at);
    return at;
  }

  /// A record is a WriteBatch: it begins with its first sequence number and its count.
  void keep_head(const WalFragment& fragment, std::string_view bytes) {
    if (fragment.begins()) head_.clear();
    const bool recyclable = fragment.type >= WalFragmentType::kRecyclableFull &&
                            fragment.type <= WalFragmentType::kRecyclableLast;
    bytes.remove_prefix(recyclable ? kWalRecyclableHeaderBytes : kWalHeaderBytes);
    head_.append(bytes.substr(0, kBatchHeadBytes - head_.size()));
  }

  void count_record() {
    ++scan_.records;
    if (head_.size() < kBatchHeadBytes) return;
    const auto sequence = get_little<std::uint64_t>(head_.data());
    if (scan_.records == 1) scan_.first_sequence = sequence;
    scan_.next_sequence = sequence + get_little<std::uint32_t>(head_.data() + sizeof sequence);
  }

  const char* out_of_place(const WalFragment& fragment) const {
    const bool fresh = fragment.begins() || fragment.type == WalFragmentType::kSetCompression;
    if (fresh && in_record_) return "a record without its end";
    if (!fresh && !in_record_) return "a record without its beginning";
    return nullptr;
  }

  /// A block ends in less than a header: zeros when the block is full.
  void check_trailer(std::string_view block, std::size_t at) {
    if (at == block.size()) return;
    if (block.size() < kWalBlockBytes) {
      damage(scan_.file_bytes + at, "a header that is cut short");
    }
  }

  void find_beginning(std::string_view block, std::size_t at) {
    for (; at + kWalHeaderBytes <= block.size(); ++at) {
      const WalFragment fragment = parse_wal_fragment(block.substr(at), wal_number_);
      if (fragment.damage == nullptr && fragment.begins()) {
        scan_.record_after = true;
        scan_.empty = false;
        return;
      }
    }
  }

  void damage(std::uint64_t offset, const char* why) {
    scan_.damaged = true;
    scan_.damage_offset = offset;
    scan_.damage = why;
  }

  const std::uint64_t wal_number_;
  WalScan scan_;
  std::string head_;
  bool in_record_ = false;
};

}  // namespace

std::string describe_damage(const WalScan& scan) {
  return "is damaged at byte " + std::to_string(scan.damage_offset) + " of " +
         std::to_string(scan.file_bytes) + " (" + scan.damage + ")";
}

Result<WalScan> scan_wal(rocksdb::Env& env, const std::string& path, std::uint64_t wal_number) {
  Result<Blocks> blocks = Blocks::open(env, path);
  if (!blocks.ok()) return blocks.status();
  Scanner scanner(wal_number);
  while (!scanner.done()) {
    const Result<std::string_view> block = blocks->next();
    if (!block.ok()) return block.status();
    if (block->empty()) break;
    scanner.take(*block);
  }
  WalScan scan = scanner.finish();
  const rocksdb::Status sized = env.GetFileSize(path, &scan.file_bytes);
  if (!sized.ok()) return from_rocks(sized, "sizing " + path);
  return scan;
}

}  // namespace outbox::store

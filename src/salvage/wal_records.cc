#include "salvage/wal_records.h"

#include <charconv>

#include "store/wal_fragment.h"

namespace outbox::salvage {
namespace {

using store::kWalBlockBytes;
using store::kWalHeaderBytes;
using store::kWalRecyclableHeaderBytes;
using store::WalFragment;
using store::WalFragmentType;

/// "000012.log" is 12.
std::uint64_t number_of(const std::filesystem::path& path) {
  const std::string name = path.stem().string();
  std::uint64_t number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number;
}

std::size_t header_bytes(WalFragmentType type) {
  const bool recyclable =
      type >= WalFragmentType::kRecyclableFull && type <= WalFragmentType::kRecyclableLast;
  return recyclable ? kWalRecyclableHeaderBytes : kWalHeaderBytes;
}

}  // namespace

WalRecords::WalRecords(const std::filesystem::path& path)
    : number_(number_of(path)), file_(path, std::ios::binary) {}

std::optional<std::string> WalRecords::next() {
  while (true) {
    if (block_.size() - at_ < kWalHeaderBytes) {
      // Only the last block is short; in it a whole header would have fitted.
      if (at_ < block_.size() && block_.size() < kWalBlockBytes) damaged();
      if (next_block()) continue;
      if (in_record_) damaged();
      return std::nullopt;
    }
    if (take_fragment()) return std::move(record_);
  }
}

bool WalRecords::next_block() {
  block_.resize(kWalBlockBytes);
  file_.read(block_.data(), static_cast<std::streamsize>(block_.size()));
  block_.resize(static_cast<std::size_t>(file_.gcount()));
  at_ = 0;
  return !block_.empty();
}

bool WalRecords::take_fragment() {
  const std::string_view rest = std::string_view(block_).substr(at_);
  const WalFragment fragment = store::parse_wal_fragment(rest, number_);
  const bool continues = !fragment.begins() && fragment.type != WalFragmentType::kSetCompression;
  if (fragment.damage != nullptr || (continues && !in_record_)) {
    damaged();
    // The rest of a record that began in the damage may be whole.
    at_ += fragment.damage != nullptr ? 1 : fragment.bytes;
    return false;
  }
  if (!continues && in_record_) damaged();
  at_ += fragment.bytes;
  in_damage_ = false;
  if (fragment.type == WalFragmentType::kSetCompression) return false;
  if (fragment.begins()) record_.clear();
  record_ += rest.substr(header_bytes(fragment.type), fragment.bytes - header_bytes(fragment.type));
  in_record_ = !fragment.ends();
  return fragment.ends();
}

void WalRecords::damaged() {
  if (!in_damage_) ++damaged_places_;
  in_damage_ = true;
  in_record_ = false;
}

}  // namespace outbox::salvage

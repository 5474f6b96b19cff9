#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace outbox::salvage {

/// The whole records of a WAL of RocksDB, also those behind damage: it looks byte by byte for the
/// next record that begins. Framing: store/wal_fragment.h.
class WalRecords {
 public:
  explicit WalRecords(const std::filesystem::path& path);

  /// Empty at the end of the file.
  std::optional<std::string> next();
  /// Stretches of bytes that are no record; a torn tail is one.
  std::uint64_t damaged_places() const { return damaged_places_; }

 private:
  bool next_block();
  /// Takes the fragment at at_; true when it completes record_.
  bool take_fragment();
  void damaged();

  const std::uint64_t number_;
  std::ifstream file_;
  std::string block_;
  std::size_t at_ = 0;
  std::string record_;
  bool in_record_ = false;
  bool in_damage_ = false;
  std::uint64_t damaged_places_ = 0;
};

}  // namespace outbox::salvage

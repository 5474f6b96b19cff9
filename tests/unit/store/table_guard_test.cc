#include "store/table_guard.h"

#include <rocksdb/env.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "store/rocks_options.h"
#include "support/temp_dir.h"

namespace outbox::store {
namespace {

constexpr std::size_t kKeys = 20;
constexpr std::size_t kDamagedBytes = 4;
constexpr std::size_t kFooterBytes = 53;  // begins with the kind of checksum
constexpr const char* kMismatch = "do not match their checksum";
constexpr const char* kNone = "has no checksums";
constexpr const char* kUnknown = "names a checksum that no table has here";

rocksdb::Options as_ours(rocksdb::Env* env) {
  rocksdb::Options options;
  static_cast<rocksdb::ColumnFamilyOptions&>(options) = small_family_options();
  options.env = env;
  return options;
}

std::string written_table(const std::filesystem::path& path, rocksdb::ChecksumType checksum) {
  const rocksdb::Options options = as_ours(rocksdb::Env::Default());
  options.table_factory->GetOptions<rocksdb::BlockBasedTableOptions>()->checksum = checksum;
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options);
  REQUIRE(writer.Open(path.string()).ok());
  for (std::size_t i = 0; i < kKeys; ++i) {
    REQUIRE(writer.Put("key" + std::to_string(100 + i), std::string(10, 'v')).ok());
  }
  REQUIRE(writer.Finish().ok());
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << bytes;
  REQUIRE(out.flush());
}

rocksdb::Status read_all(const std::filesystem::path& path, rocksdb::Env* env) {
  rocksdb::SstFileReader reader(as_ours(env));
  const rocksdb::Status opened = reader.Open(path.string());
  return opened.ok() ? reader.VerifyChecksum() : opened;
}

}  // namespace

// RocksDB as Debian builds it ends the process on some of these without the guard.
TEST_CASE("table guard: damage anywhere in a table is an error, never the end of the process") {
  const test::TempDir temp;
  const std::filesystem::path path = temp.path() / "000001.sst";
  // The first is ours, the second was once.
  const auto checksum = GENERATE(rocksdb::kXXH3, rocksdb::kCRC32c);
  const std::string whole = written_table(path, checksum);
  REQUIRE(whole[whole.size() - kFooterBytes] == static_cast<char>(checksum));
  const auto env = guard_tables(*rocksdb::Env::Default());
  REQUIRE(read_all(path, env.get()).ok());
  const char damage = GENERATE('\xff', '\x00', '\x80');
  std::map<std::string, std::size_t> guarded;
  for (std::size_t at = 0; at + kDamagedBytes <= whole.size(); ++at) {
    std::string damaged = whole;
    damaged.replace(at, kDamagedBytes, kDamagedBytes, damage);
    if (damaged == whole) continue;
    write(path, damaged);
    const rocksdb::Status status = read_all(path, env.get());
    INFO("bytes " << at << ".." << at + kDamagedBytes << ": " << status.ToString());
    for (const char* own : {kMismatch, kNone, kUnknown}) {
      if (status.ToString().find(own) == std::string::npos) continue;
      ++guarded[own];
      CHECK(status.IsCorruption());
      CHECK(status.ToString().find(path.string()) != std::string::npos);
    }
  }
  CHECK(guarded[kMismatch] > 100);
  CHECK(guarded[damage == 0 ? kNone : kUnknown] > 0);
}

}  // namespace outbox::store

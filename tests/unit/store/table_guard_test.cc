#include "store/table_guard.h"

#include <rocksdb/env.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/sst_file_writer.h>

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

rocksdb::Options as_ours(rocksdb::Env* env) {
  rocksdb::Options options;
  static_cast<rocksdb::ColumnFamilyOptions&>(options) = small_family_options();
  options.env = env;
  return options;
}

std::string written_table(const std::filesystem::path& path) {
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), as_ours(rocksdb::Env::Default()));
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
  const std::string whole = written_table(path);
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
    for (const char* own : {"do not match their checksum", "has no checksums"}) {
      if (status.ToString().find(own) == std::string::npos) continue;
      ++guarded[own];
      CHECK(status.IsCorruption());
      CHECK(status.ToString().find(path.string()) != std::string::npos);
    }
  }
  CHECK(guarded["do not match their checksum"] > 100);
  if (damage == 0) CHECK(guarded["has no checksums"] > 0);
}

}  // namespace outbox::store

#include "store/wal_check.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "store/wal_cut_view.h"
#include "store/wal_fragment.h"
#include "support/temp_dir.h"

namespace outbox::store {
namespace {

namespace fs = std::filesystem;
using test::TempDir;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// A RocksDB that was killed with `records` in its only WAL.
struct Killed {
  explicit Killed(int records, std::size_t value_bytes = 100) {
    const pid_t child = ::fork();
    if (child == 0) {
      rocksdb::Options options;
      options.create_if_missing = true;
      rocksdb::DB* db = nullptr;
      if (!rocksdb::DB::Open(options, dir.path(), &db).ok()) ::_exit(1);
      rocksdb::WriteOptions write;
      write.sync = true;
      for (int i = 0; i < records; ++i) {
        const std::string value(value_bytes, static_cast<char>('a' + i % 26));
        if (!db->Put(write, std::to_string(i), value).ok()) ::_exit(1);
      }
      ::_exit(0);
    }
    int code = 1;
    ::waitpid(child, &code, 0);
    REQUIRE(code == 0);
    for (const auto& entry : fs::directory_iterator(dir.path())) {
      if (entry.path().extension() == ".log") wal = entry.path();
    }
    bytes = read_file(wal);
  }

  Result<std::vector<TornWal>> check() const {
    auto checked = check_wals(*rocksdb::Env::Default(), dir.path());
    if (!checked.ok()) return checked.status();
    return checked->torn;
  }

  TempDir dir;
  fs::path wal;
  std::string bytes;
};

}  // namespace

TEST_CASE("WAL check: what RocksDB writes is intact, at every size of record") {
  const auto value_bytes = GENERATE(0, 1, 100, 32'700, 32'768, 100'000);
  const Killed db(40, static_cast<std::size_t>(value_bytes));
  const auto torn = db.check();
  REQUIRE(torn.ok());
  CHECK(torn->empty());
  const auto scan = scan_wal(*rocksdb::Env::Default(), db.wal, 4);
  REQUIRE(scan.ok());
  CHECK(scan->records == 40);
  CHECK(scan->whole_bytes == db.bytes.size());
}

TEST_CASE("WAL check: cut anywhere in the last record, it is a torn tail") {
  const Killed db(20, 3'000);
  const auto whole = scan_wal(*rocksdb::Env::Default(), db.wal, 4);
  REQUIRE(whole.ok());
  // One record is 3'000 bytes and some; 2'900 is in the last one for sure.
  for (std::size_t cut = 1; cut < 2'900; cut += 97) {
    write_file(db.wal, db.bytes.substr(0, db.bytes.size() - cut));
    const auto torn = db.check();
    CAPTURE(cut);
    REQUIRE(torn.ok());
    REQUIRE(torn->size() == 1);
    CHECK(torn->front().scan.records == 19);
  }
}

TEST_CASE("WAL check: damage at the very end is a torn tail, whatever it is") {
  const Killed db(1'000);
  std::string bytes = db.bytes;
  SECTION("30 bytes are missing") { bytes.resize(bytes.size() - 30); }
  SECTION("the last 100 bytes are zeros") { bytes.replace(bytes.size() - 100, 100, 100, '\0'); }
  SECTION("garbage was appended") { bytes.append(300, '\x77'); }
  SECTION("4 KiB of zeros were appended") { bytes.append(4'096, '\0'); }
  SECTION("64 KiB of zeros were appended") { bytes.append(65'536, '\0'); }
  SECTION("three bytes of a header were appended") { bytes.append("abc"); }
  write_file(db.wal, bytes);
  const auto torn = db.check();
  REQUIRE(torn.ok());
  REQUIRE(torn->size() == 1);
  const TornWal& wal = torn->front();
  CHECK(read_file(db.wal) == bytes);

  REQUIRE(cut_torn_tail(*rocksdb::Env::Default(), db.dir.path(), wal).ok());
  CHECK(read_file(db.wal) == bytes.substr(0, wal.scan.whole_bytes));
  const fs::path copy =
      db.dir.path() / "quarantine" / (wal.name + ".cut-at-" + std::to_string(wal.scan.whole_bytes));
  CHECK(read_file(copy) == bytes);
  CHECK(describe_cut(wal).find(std::to_string(bytes.size() - wal.scan.whole_bytes) + " bytes") !=
        std::string::npos);
  REQUIRE(db.check().ok());
  CHECK(db.check()->empty());
}

TEST_CASE("WAL check: one flipped bit before the last record is refused, nothing changes") {
  const Killed db(300);
  const std::size_t last = db.bytes.size() - 100;
  for (std::size_t at = 3; at < last - 200; at += 331) {
    std::string flipped = db.bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    write_file(db.wal, flipped);
    CAPTURE(at);
    const auto torn = db.check();
    REQUIRE(torn.status().code() == Code::kCorruption);
    CHECK(torn.status().message().find(db.wal.filename().string()) != std::string::npos);
    CHECK(torn.status().message().find("outbox-relay verify") != std::string::npos);
    CHECK(read_file(db.wal) == flipped);
    CHECK_FALSE(fs::exists(db.dir.path() / "quarantine"));
  }
}

TEST_CASE("WAL check: 300 zeroed bytes that hit several records are a torn tail only at the end") {
  const Killed db(1'000);
  std::string end = db.bytes;
  end.replace(end.size() - 300, 300, 300, '\0');
  write_file(db.wal, end);
  CHECK(db.check().ok());
  std::string middle = db.bytes;
  middle.replace(middle.size() / 2, 300, 300, '\0');
  write_file(db.wal, middle);
  CHECK(db.check().status().code() == Code::kCorruption);
}

TEST_CASE(
    "WAL check: a torn record of many blocks is a torn tail though its later blocks are whole") {
  const Killed db(3, 200'000);
  std::string bytes = db.bytes;
  const auto scan = scan_wal(*rocksdb::Env::Default(), db.wal, 4);
  REQUIRE(scan.ok());
  // The third record's first block never reached the disk; its others did.
  const std::size_t hole = bytes.size() - 150'000;
  bytes.replace(hole, 4'096, 4'096, '\0');
  write_file(db.wal, bytes);
  const auto torn = db.check();
  REQUIRE(torn.ok());
  REQUIRE(torn->size() == 1);
  CHECK(torn->front().scan.records == 2);
}

TEST_CASE("WAL check: a record that ends with a block, and with the file, is a torn tail") {
  const Killed db(1, 100'000);
  write_file(db.wal, db.bytes.substr(0, kWalBlockBytes));
  const auto torn = db.check();
  REQUIRE(torn.ok());
  REQUIRE(torn->size() == 1);
  CHECK(torn->front().scan.whole_bytes == 0);
}

TEST_CASE("WAL check: a record of the MANIFEST that lost a sector is cut, a flipped bit is not") {
  const Killed db(20);
  std::string name = read_file(db.dir.path() / "CURRENT");
  name.pop_back();
  const fs::path manifest = db.dir.path() / name;
  const std::string before = read_file(manifest);
  const auto opens = [&] {
    rocksdb::DB* opened = nullptr;
    const rocksdb::Status status =
        rocksdb::DB::OpenForReadOnly(rocksdb::Options(), db.dir.path(), &opened);
    delete opened;
    return status.ok();
  };
  REQUIRE(opens());
  SECTION("the second half of a write is zeros") {
    // 600 bytes in one fragment, as its header says: CRC 4, length 2, type 1.
    std::string record("\x12\x34\x56\x78\x51\x02\x01", 7);
    record.append(512 - (before.size() + record.size()) % 512, 'e');
    record.append(600 - record.size(), '\0');
    write_file(manifest, before + record);
    CHECK_FALSE(opens());
    const auto torn = db.check();
    REQUIRE(torn.ok());
    REQUIRE(torn->size() == 1);
    CHECK(torn->front().name == name);
    REQUIRE(cut_torn_tail(*rocksdb::Env::Default(), db.dir.path(), torn->front()).ok());
    CHECK(read_file(manifest) == before);
    CHECK(opens());
  }
  SECTION("a bit of the last record") {
    std::string flipped = before;
    flipped[flipped.size() - 3] ^= 4;
    write_file(manifest, flipped);
    CHECK_FALSE(opens());
    REQUIRE(db.check().ok());
    CHECK(db.check()->empty());
  }
}

TEST_CASE("WAL check: damage in an older WAL is refused when a newer one holds records") {
  const Killed db(100);
  const fs::path newer = db.dir.path() / "000099.log";
  write_file(db.wal, db.bytes.substr(0, db.bytes.size() - 30));
  SECTION("newer with records") {
    write_file(newer, db.bytes);
    CHECK(db.check().status().code() == Code::kCorruption);
  }
  SECTION("newer and empty") {
    write_file(newer, "");
    REQUIRE(db.check().ok());
    CHECK(db.check()->size() == 1);
  }
  SECTION("newer with zeros only") {
    write_file(newer, std::string(4'096, '\0'));
    REQUIRE(db.check().ok());
    CHECK(db.check()->size() == 2);
  }
}

TEST_CASE("WAL check: RocksDB opens what was cut, and sees the same through the view before") {
  const Killed db(1'000);
  std::string bytes = db.bytes;
  bytes.replace(bytes.size() - 300, 300, 300, '\0');
  write_file(db.wal, bytes);
  const auto torn = db.check();
  REQUIRE(torn.ok());
  const std::uint64_t records = torn->front().scan.records;

  rocksdb::Options options;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  const auto view = view_with_cuts(*rocksdb::Env::Default(), db.dir.path(), *torn);
  const auto count = [&](rocksdb::Env* env) {
    options.env = env;
    rocksdb::DB* raw = nullptr;
    REQUIRE(rocksdb::DB::OpenForReadOnly(options, db.dir.path(), &raw).ok());
    const std::unique_ptr<rocksdb::DB> opened(raw);
    const std::unique_ptr<rocksdb::Iterator> it(opened->NewIterator({}));
    std::uint64_t found = 0;
    for (it->SeekToFirst(); it->Valid(); it->Next()) ++found;
    return found;
  };
  CHECK(count(view.get()) == records);
  CHECK(read_file(db.wal) == bytes);
  REQUIRE(cut_torn_tail(*rocksdb::Env::Default(), db.dir.path(), torn->front()).ok());
  CHECK(count(rocksdb::Env::Default()) == records);
}

TEST_CASE("WAL fragments: recyclable headers carry the file's number") {
  // CRC-32C (masked) of type 5, number 7 and "x", built by the same rules.
  const TempDir dir;
  rocksdb::Options options;
  options.create_if_missing = true;
  options.recycle_log_file_num = 1;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
  rocksdb::DB* raw = nullptr;
  REQUIRE(rocksdb::DB::Open(options, dir.path(), &raw).ok());
  std::unique_ptr<rocksdb::DB> db(raw);
  REQUIRE(db->Put({}, "k", std::string(100'000, 'v')).ok());
  REQUIRE(db->SyncWAL().ok());
  rocksdb::VectorLogPtr wals;
  REQUIRE(db->GetSortedWalFiles(wals).ok());
  REQUIRE(wals.size() == 1);
  const std::string path = dir.path().string() + wals[0]->PathName();
  const auto number = wals[0]->LogNumber();
  const auto scan = scan_wal(*rocksdb::Env::Default(), path, number);
  REQUIRE(scan.ok());
  CHECK_FALSE(scan->damaged);
  CHECK(scan->records == 1);
  const auto other = scan_wal(*rocksdb::Env::Default(), path, number + 1);
  REQUIRE(other.ok());
  CHECK(other->damaged);
}

}  // namespace outbox::store

#include "store/durable_tail.h"

#include <rocksdb/env.h>

#include <array>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>

#include "store/durable_tail_format.h"
#include "support/drop_fs.h"
#include "support/temp_dir.h"

namespace outbox::store {
namespace {

using test::DropFs;
using test::Keep;
using test::TempDir;

struct Fixture {
  Fixture() {
    std::filesystem::create_directory(dir);
    fs = DropFs::create(dir);
    env = rocksdb::NewCompositeEnv(fs);
  }
  std::unique_ptr<DurableTail> start(DurableTail::Lanes lanes) {
    auto tail = DurableTail::start(*env, dir, std::move(lanes));
    REQUIRE(tail.ok());
    return std::move(tail).value();
  }
  Result<DurableTail::Lanes> load() const { return DurableTail::load(*env, dir); }
  std::string file() const {
    std::ifstream in(dir / DurableTail::kFileName, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void set_file(const std::string& bytes) const {
    std::ofstream(dir / DurableTail::kFileName, std::ios::binary) << bytes;
  }

  TempDir temp;
  std::filesystem::path dir = temp.path() / "box";
  std::shared_ptr<DropFs> fs;
  std::unique_ptr<rocksdb::Env> env;
};

/// A file whose next two fsyncs overlap: the first to come fails, the other returns OK once the
/// first one's caller was told. That is how Linux has it: an error is told once a file.
class TwoSyncsEnv : public rocksdb::EnvWrapper {
 public:
  using EnvWrapper::EnvWrapper;

  rocksdb::Status NewWritableFile(const std::string& path,
                                  std::unique_ptr<rocksdb::WritableFile>* file,
                                  const rocksdb::EnvOptions& options) override {
    const rocksdb::Status made = EnvWrapper::NewWritableFile(path, file, options);
    if (made.ok()) *file = std::make_unique<File>(std::move(*file), *this);
    return made;
  }
  void arm() {
    const std::lock_guard lock(mutex_);
    syncs_ = 0;
  }
  void first_was_told() {
    const std::lock_guard lock(mutex_);
    told_ = true;
    changed_.notify_all();
  }

 private:
  class File : public rocksdb::WritableFileWrapper {
   public:
    File(std::unique_ptr<rocksdb::WritableFile> file, TwoSyncsEnv& env)
        : WritableFileWrapper(file.get()), file_(std::move(file)), env_(env) {}
    rocksdb::Status Sync() override { return env_.sync(*file_); }

   private:
    const std::unique_ptr<rocksdb::WritableFile> file_;
    TwoSyncsEnv& env_;
  };

  rocksdb::Status sync(rocksdb::WritableFile& file) {
    std::unique_lock lock(mutex_);
    if (syncs_ < 0 || syncs_ >= 2) return file.Sync();
    const bool first = ++syncs_ == 1;
    changed_.notify_all();
    changed_.wait_for(lock, std::chrono::seconds(30), [&] { return first ? syncs_ == 2 : told_; });
    return first ? rocksdb::Status::IOError("gone") : rocksdb::Status::OK();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int syncs_ = -1;
  bool told_ = false;
};

Status record(DurableTail& tail, LaneId lane, Seq seq) {
  const LaneTail one{lane, seq};
  return tail.record({&one, 1});
}

}  // namespace

TEST_CASE_METHOD(Fixture, "durable tail: none is kNotFound") {
  CHECK(load().status().code() == Code::kNotFound);
}

TEST_CASE_METHOD(Fixture, "durable tail: what was recorded is loaded, the highest per lane") {
  auto tail = start({{1, 7}});
  REQUIRE(record(*tail, 2, 5).ok());
  REQUIRE(record(*tail, 1, 9).ok());
  REQUIRE(record(*tail, 1, 3).ok());
  tail.reset();
  const auto lanes = load();
  REQUIRE(lanes.ok());
  CHECK(*lanes == DurableTail::Lanes{{1, 9}, {2, 5}});
}

TEST_CASE_METHOD(Fixture, "durable tail: one write a group, none when nothing is new, no fsync") {
  auto tail = start({});
  const std::uint64_t writes = fs->count(test::kFsWrite);
  const std::uint64_t syncs = fs->count(test::kFsSync);
  const std::vector<LaneTail> group = {{1, 1}, {2, 1}, {3, 1}};
  REQUIRE(tail->record(group).ok());
  CHECK(fs->count(test::kFsWrite) == writes + 1);
  REQUIRE(tail->record(group).ok());
  CHECK(fs->count(test::kFsWrite) == writes + 1);
  CHECK(fs->count(test::kFsSync) == syncs);
}

TEST_CASE_METHOD(Fixture, "durable tail: a power cut keeps what was synced") {
  auto tail = start({});
  REQUIRE(record(*tail, 1, 10).ok());
  REQUIRE(tail->sync().ok());
  REQUIRE(record(*tail, 1, 20).ok());
  fs->cut_power();
  CHECK_FALSE(record(*tail, 1, 30).ok());
  tail.reset();
  fs->restore_power(1, Keep::kSynced);
  REQUIRE(load().ok());
  CHECK(*load() == DurableTail::Lanes{{1, 10}});
}

TEST_CASE_METHOD(Fixture, "durable tail: any power cut loads, between synced and recorded") {
  const auto seed = GENERATE(range(0, 200));
  CAPTURE(seed);
  auto tail = start({{1, 1}});
  for (Seq seq = 2; seq < 200; ++seq) {
    REQUIRE(record(*tail, 1, seq).ok());
    if (seq == 40) REQUIRE(tail->sync().ok());
  }
  fs->cut_power();
  tail.reset();
  fs->restore_power(static_cast<std::uint64_t>(seed));
  const auto lanes = load();
  REQUIRE(lanes.ok());
  CHECK(lanes->at(1) >= 40);
  CHECK(lanes->at(1) < 200);
}

TEST_CASE_METHOD(Fixture, "durable tail: sync twice writes nothing the second time") {
  auto tail = start({});
  REQUIRE(record(*tail, 1, 1).ok());
  REQUIRE(tail->sync().ok());
  const std::uint64_t changes = fs->count(test::kFsChange);
  REQUIRE(tail->sync().ok());
  CHECK(fs->count(test::kFsChange) == changes);
}

TEST_CASE_METHOD(Fixture, "durable tail: the unsynced last slot may be torn") {
  auto tail = start({{1, 1}});
  REQUIRE(record(*tail, 1, 5).ok());
  REQUIRE(record(*tail, 1, 9).ok());
  tail.reset();
  const std::string whole = file();
  for (std::size_t cut = 1; cut <= tail_format::kSlotBytes; ++cut) {
    set_file(whole.substr(0, whole.size() - cut));
    REQUIRE(load().ok());
    CHECK(load()->at(1) == 5);
  }
}

TEST_CASE_METHOD(Fixture, "durable tail: damage of a synced byte is refused with the remedy") {
  auto tail = start({{1, 1}, {2, 2}});
  REQUIRE(record(*tail, 1, 5).ok());
  REQUIRE(tail->sync().ok());
  REQUIRE(record(*tail, 2, 9).ok());
  const std::uint64_t synced_bytes = tail_format::file_bytes(3);
  tail.reset();
  const std::string whole = file();
  for (std::size_t at = 0; at < synced_bytes; ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    set_file(flipped);
    CAPTURE(at);
    const Status status = load().status();
    REQUIRE(status.code() == Code::kCorruption);
    CHECK(status.message().find("outbox-relay verify") != std::string::npos);
    CHECK(file() == flipped);
  }
  set_file(whole.substr(0, tail_format::file_bytes(1)));
  CHECK(load().status().code() == Code::kCorruption);
}

TEST_CASE_METHOD(Fixture, "durable tail: an unknown version is refused by number") {
  start({});
  std::string bytes = file();
  bytes[11] = 9;
  set_file(bytes);
  CHECK(load().status().code() == Code::kCorruption);  // the header has a checksum

  const std::string made = tail_format::compact({}, 1, 9);
  set_file(made);
  CHECK(load().status().code() == Code::kUnknownVersion);
  CHECK(load().status().message().find("version 9") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "durable tail: slots of an earlier file are not believed") {
  auto tail = start({});
  REQUIRE(record(*tail, 1, 1'000).ok());
  tail.reset();
  const std::string old_slot = file().substr(tail_format::kHeaderBytes);
  tail = start({});
  tail.reset();
  set_file(file() + old_slot);
  REQUIRE(load().ok());
  CHECK(load()->empty());
}

TEST_CASE_METHOD(Fixture, "durable tail: written anew when it has grown") {
  auto tail = start({});
  std::uint64_t largest = 0;
  Seq seq = 1;
  for (; largest < DurableTail::kRewriteBytes - 16; ++seq) {
    REQUIRE(record(*tail, 1, seq).ok());
    largest = std::max(largest, tail->file_bytes());
  }
  REQUIRE(record(*tail, 1, seq).ok());
  REQUIRE(record(*tail, 1, ++seq).ok());
  CHECK(tail->file_bytes() < 100);
  fs->cut_power();
  tail.reset();
  fs->restore_power(1, Keep::kSynced);
  REQUIRE(load().ok());
  CHECK(load()->at(1) >= seq - 1);
}

TEST_CASE_METHOD(Fixture, "durable tail: after each failed call the next one repairs the file") {
  const auto op =
      GENERATE(test::kFsWrite, test::kFsSync, test::kFsOpen, test::kFsRename, test::kFsDirSync);
  CAPTURE(op);
  auto tail = start({});
  fs->fail({.ops = test::kFsWrite, .error = ENOSPC});
  CHECK(record(*tail, 1, 1).code() == Code::kDiskFull);  // the next call writes anew
  fs->fail({.ops = op});
  CHECK(record(*tail, 1, 2).code() == Code::kIoError);
  fs->heal();
  REQUIRE(record(*tail, 1, 3).ok());
  fs->cut_power();
  tail.reset();
  fs->restore_power(1, Keep::kSynced);
  REQUIRE(load().ok());
  CHECK(load()->at(1) == 3);
}

TEST_CASE_METHOD(Fixture, "durable tail: after a failed fsync nothing in the file is trusted") {
  auto tail = start({});
  REQUIRE(record(*tail, 1, 1).ok());
  fs->fail({.ops = test::kFsSync});
  CHECK(tail->sync().code() == Code::kIoError);
  REQUIRE(tail->sync().ok());  // writes it anew
  fs->cut_power();
  tail.reset();
  fs->restore_power(1, Keep::kSynced);
  CHECK(load()->at(1) == 1);
}

TEST_CASE_METHOD(Fixture, "durable tail: nor by whom the failure was not told") {
  TwoSyncsEnv two(env.get());
  auto started = DurableTail::start(two, dir, {});
  REQUIRE(started.ok());
  std::unique_ptr<DurableTail> tail = std::move(started).value();
  REQUIRE(record(*tail, 1, 1).ok());
  two.arm();
  std::array<Status, 2> told;
  std::vector<std::thread> threads;
  threads.reserve(told.size());
  for (Status& mine : told) {
    threads.emplace_back([&] {
      mine = tail->sync();
      if (!mine.ok()) two.first_was_told();
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE((told[0].ok() != told[1].ok()));
  fs->cut_power();
  tail.reset();
  fs->restore_power(1, Keep::kSynced);
  REQUIRE(load().ok());
  CHECK(load()->at(1) == 1);
}

TEST_CASE_METHOD(Fixture, "durable tail: a read error is not an absent file") {
  start({{1, 1}});
  fs->fail({.ops = test::kFsRead});
  CHECK(load().status().code() == Code::kIoError);
}

}  // namespace outbox::store

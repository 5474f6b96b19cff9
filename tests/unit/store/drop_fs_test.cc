#include "support/drop_fs.h"

#include <rocksdb/env.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "support/temp_dir.h"

// The file system that the crash tests trust.
namespace outbox::test {
namespace {

struct Fixture {
  Fixture() {
    std::filesystem::create_directory(dir);
    std::ofstream(dir / "old") << "old";
    fs = DropFs::create(dir);
    env = rocksdb::NewCompositeEnv(fs);
  }
  std::string path(const std::string& name) const { return (dir / name).string(); }
  bool exists(const std::string& name) const { return std::filesystem::exists(dir / name); }
  std::string text(const std::string& name) const {
    std::ifstream in(dir / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::unique_ptr<rocksdb::WritableFile> make(const std::string& name) const {
    std::unique_ptr<rocksdb::WritableFile> file;
    REQUIRE(env->NewWritableFile(path(name), &file, {}).ok());
    return file;
  }
  void sync_dir() const {
    std::unique_ptr<rocksdb::Directory> directory;
    REQUIRE(env->NewDirectory(dir.string(), &directory).ok());
    REQUIRE(directory->Fsync().ok());
  }
  void power_cut(Keep keep = Keep::kSynced, std::uint64_t seed = 1) const {
    fs->cut_power();
    fs->restore_power(seed, keep);
  }

  TempDir temp;
  std::filesystem::path dir = temp.path() / "box";
  std::shared_ptr<DropFs> fs;
  std::unique_ptr<rocksdb::Env> env;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "DropFs: only synced bytes under a synced name survive") {
  auto file = make("a");
  REQUIRE(file->Append("synced").ok());
  REQUIRE(file->Sync().ok());
  sync_dir();
  REQUIRE(file->Append("lost").ok());
  file.reset();
  CHECK(text("a") == "syncedlost");
  power_cut();
  CHECK(text("a") == "synced");
  CHECK(text("old") == "old");
}

TEST_CASE_METHOD(Fixture, "DropFs: a synced file without a synced name is gone") {
  auto file = make("a");
  REQUIRE(file->Append("x").ok());
  REQUIRE(file->Sync().ok());
  file.reset();
  power_cut();
  CHECK_FALSE(exists("a"));
}

TEST_CASE_METHOD(Fixture, "DropFs: an unsynced rename, link or deletion is undone") {
  REQUIRE(env->RenameFile(path("old"), path("new")).ok());
  power_cut();
  CHECK(text("old") == "old");
  CHECK_FALSE(exists("new"));

  auto file = make("fresh");
  REQUIRE(file->Append("fresh").ok());
  REQUIRE(file->Sync().ok());
  file.reset();
  sync_dir();
  REQUIRE(env->RenameFile(path("fresh"), path("old")).ok());
  power_cut();
  CHECK(text("old") == "old");
  CHECK(text("fresh") == "fresh");

  REQUIRE(env->LinkFile(path("old"), path("link")).ok());
  REQUIRE(env->DeleteFile(path("old")).ok());
  power_cut();
  CHECK(text("old") == "old");
  CHECK_FALSE(exists("link"));

  REQUIRE(env->DeleteFile(path("old")).ok());
  sync_dir();
  power_cut();
  CHECK_FALSE(exists("old"));
}

TEST_CASE_METHOD(Fixture, "DropFs: an unsynced truncation is undone") {
  std::unique_ptr<rocksdb::WritableFile> file;
  REQUIRE(env->ReopenWritableFile(path("old"), &file, {}).ok());
  REQUIRE(file->Truncate(1).ok());
  file.reset();
  CHECK(text("old") == "o");
  power_cut();
  CHECK(text("old") == "old");
}

TEST_CASE_METHOD(Fixture, "DropFs: random losses keep the synced prefix, the same for a seed") {
  const std::string synced(700, 's');
  const std::string unsynced(4'000, 'u');
  auto run = [&](std::uint64_t seed) {
    auto file = make("a");
    REQUIRE(file->Append(synced).ok());
    REQUIRE(file->Sync().ok());
    sync_dir();
    REQUIRE(file->Append(unsynced).ok());
    file.reset();
    power_cut(Keep::kRandom, seed);
    return text("a");
  };
  bool all = false, none = false, part = false, holes = false;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const std::string found = run(seed);
    REQUIRE(found.substr(0, synced.size()) == synced);
    REQUIRE(found == run(seed));
    const bool hole = found.find('\0') != std::string::npos;
    none |= found == synced;
    all |= found == synced + unsynced;
    holes |= hole;
    part |= !hole && found.size() > synced.size() && found.size() < 4'700;
  }
  CHECK(none);
  CHECK(all);
  CHECK(part);
  CHECK(holes);
}

TEST_CASE_METHOD(Fixture, "DropFs: without power nothing works, and the cut comes when told") {
  auto file = make("a");
  fs->cut_power_at(2, 1);
  REQUIRE(file->Append("x").ok());
  CHECK_FALSE(file->Append("yyyy").ok());
  CHECK_FALSE(fs->powered());
  CHECK_FALSE(file->Sync().ok());
  std::string read;
  CHECK_FALSE(rocksdb::ReadFileToString(env.get(), path("old"), &read).ok());
  file.reset();
  fs->restore_power(1);
  CHECK(rocksdb::ReadFileToString(env.get(), path("old"), &read).ok());
}

TEST_CASE_METHOD(Fixture, "DropFs: the end of a process loses nothing and syncs nothing") {
  auto file = make("a");
  REQUIRE(file->Append("synced").ok());
  REQUIRE(file->Sync().ok());
  sync_dir();
  REQUIRE(file->Append("cached").ok());
  fs->cut_power();
  file.reset();
  fs->restart_process();
  CHECK(text("a") == "syncedcached");
  power_cut();
  CHECK(text("a") == "synced");
}

TEST_CASE_METHOD(Fixture, "DropFs: faults hit the nth call, once or for ever") {
  auto file = make("a");
  fs->fail({.ops = kFsWrite, .nth = 2});
  CHECK(file->Append("1").ok());
  CHECK(file->Append("2").IsIOError());
  CHECK(file->Append("3").ok());
  fs->fail({.ops = kFsWrite, .nth = 2, .forever = true, .error = ENOSPC});
  CHECK(file->Append("4").ok());
  CHECK(file->Append("5").IsNoSpace());
  CHECK(file->Append("6").IsNoSpace());
  CHECK(fs->failed() == 2);
  fs->heal();
  CHECK(file->Append("7").ok());
  CHECK(text("a") == "1347");
}

TEST_CASE_METHOD(Fixture, "DropFs: a quota lets in what fits, and gives space back") {
  fs->set_quota_bytes(10);
  auto file = make("a");
  CHECK(file->Append("12345678").IsNoSpace());
  CHECK(text("a") == "1234567");  // "old" takes three bytes
  std::uint64_t free_bytes = 1;
  REQUIRE(env->GetFreeSpace(path("a"), &free_bytes).ok());
  CHECK(free_bytes == 0);
  REQUIRE(env->DeleteFile(path("old")).ok());
  CHECK(file->Append("abc").ok());
}

TEST_CASE_METHOD(Fixture, "DropFs: a drive that lies loses what it said it had synced") {
  fs->ignore_syncs("a");
  auto file = make("a");
  REQUIRE(file->Append("x").ok());
  REQUIRE(file->Sync().ok());
  fs->ignore_syncs({});
  sync_dir();
  file.reset();
  power_cut();
  CHECK(text("a").empty());
}

}  // namespace outbox::test

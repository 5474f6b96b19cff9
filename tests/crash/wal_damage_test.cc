#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <vector>

#include "crash/rig.h"

// What a WAL may look like after an accident, and what Store::open says.
namespace outbox::test {
namespace {

namespace fs = std::filesystem;

constexpr int kEntries = 1'000;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// Every file's bytes, but for the holder's name and the logs' own.
std::map<std::string, std::string> contents(const fs::path& dir) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && name != "holder" && name != "LOCK") {
      files[entry.path().string()] = read_file(entry.path());
    }
  }
  return files;
}

/// A store with 1,000 entries that lost its power with everything synced.
struct Stopped {
  Stopped() {
    {
      auto store = rig.open(Options{});
      REQUIRE(store.ok());
      for (int i = 0; i < kEntries; ++i) {
        REQUIRE(append_one(**store, rig.oracle(), "orders", 100).ok());
      }
      REQUIRE((*store)->sync_progress().ok());
      rig.fs().cut_power();
    }
    rig.fs().restore_power(1, Keep::kAll);
    for (const auto& entry : fs::directory_iterator(rig.dir())) {
      if (entry.path().extension() == ".log" && entry.file_size() > 0) wal = entry.path();
    }
    REQUIRE_FALSE(wal.empty());
    bytes = read_file(wal);
  }

  void refused(const std::string& naming) {
    const auto before = contents(rig.dir());
    const auto store = rig.open(Options{});
    CAPTURE(store.status().to_string());
    REQUIRE(store.status().code() == Code::kCorruption);
    CHECK(store.status().message().find(naming) != std::string::npos);
    CHECK(store.status().message().find("outbox-relay verify") != std::string::npos);
    CHECK((contents(rig.dir()) == before));
  }

  void opens_with_everything() {
    auto store = rig.open(Options{});
    CAPTURE(store.status().to_string());
    REQUIRE(store.ok());
    CHECK((*store)->lanes().at(0).tail == kEntries);
    rig.oracle().check(**store);
    for (const std::string& what : rig.oracle().violations()) FAIL_CHECK(what);
  }

  Rig rig;
  fs::path wal;
  std::string bytes;
};

}  // namespace

TEST_CASE("WAL damage: nothing") {
  Stopped box;
  box.opens_with_everything();
}

TEST_CASE("WAL damage: a write that never finished is cut off, copied aside, and opens") {
  Stopped box;
  std::string tail;
  SECTION("garbage") { tail = std::string(300, '\x77'); }
  SECTION("4 KiB of zeros") { tail = std::string(4'096, '\0'); }
  SECTION("half a record") { tail = box.bytes.substr(0, 60); }
  write_file(box.wal, box.bytes + tail);
  box.opens_with_everything();
  bool copied = false;
  for (const auto& entry : fs::recursive_directory_iterator(box.rig.dir() / "quarantine")) {
    copied |= read_file(entry.path()) == box.bytes + tail;
  }
  CHECK(copied);
}

TEST_CASE("WAL damage: what was acknowledged and is missing is named, nothing is changed") {
  Stopped box;
  std::string bytes = box.bytes;
  std::string naming = "topic orders: entries ";
  SECTION("30 bytes are missing") {
    bytes.resize(bytes.size() - 30);
    naming += "1000..1000 were durable and are missing";
  }
  SECTION("the last 300 bytes are zeros") { bytes.replace(bytes.size() - 300, 300, 300, '\0'); }
  SECTION("cut at half") { bytes.resize(bytes.size() / 2 + 13); }
  SECTION("emptied, with the topic's name") {
    bytes.clear();
    naming = "lane 1: entries 1..1000 were durable and are missing";
  }
  write_file(box.wal, bytes);
  box.refused(naming);
}

TEST_CASE("WAL damage: a deleted WAL is named") {
  Stopped box;
  fs::remove(box.wal);
  box.refused("were durable and are missing");
}

TEST_CASE("WAL damage: a flipped bit in the middle names file and offset") {
  Stopped box;
  for (const double part : {0.01, 0.3, 0.5, 0.9}) {
    std::string bytes = box.bytes;
    const auto at = static_cast<std::size_t>(part * static_cast<double>(bytes.size()));
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    write_file(box.wal, bytes);
    box.refused(box.wal.filename().string() + " is damaged at byte ");
  }
  write_file(box.wal, box.bytes);
  box.opens_with_everything();
}

TEST_CASE("WAL damage: a removed or damaged durable-tail is refused, a foreign file too") {
  Stopped box;
  const fs::path tail = box.rig.dir() / "durable-tail";
  const std::string bytes = read_file(tail);
  SECTION("removed") {
    fs::remove(tail);
    box.refused("durable-tail");
  }
  SECTION("its first bytes are gone") {
    write_file(tail, "x" + bytes.substr(1));
    box.refused("durable-tail");
  }
  SECTION("CURRENT is gone") {
    fs::remove(box.rig.dir() / "CURRENT");
    box.refused("CURRENT");
  }
}

}  // namespace outbox::test

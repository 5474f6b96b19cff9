#include <rocksdb/db.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <thread>

#include "store/store.h"
#include "support/temp_dir.h"
#include "unit/store/fixture.h"

namespace outbox::store {
namespace {

namespace fs = std::filesystem;
using test::TempDir;

Message message(const std::string& topic, const std::string& value) {
  Message made;
  made.topic = topic;
  made.key = "key of " + value;
  made.value = value;
  made.headers = {{"h", "1"}};
  return made;
}

std::unique_ptr<Store> open_store(const fs::path& dir) {
  auto store = Store::open(dir, Options{});
  REQUIRE(store.ok());
  return std::move(store).value();
}

std::unique_ptr<Reader> open_reader(const fs::path& dir) {
  auto reader = Reader::open(dir, Options{});
  INFO(reader.status().to_string());
  REQUIRE(reader.ok());
  return std::move(reader).value();
}

/// Names, sizes and times of all files.
std::map<std::string, std::pair<std::uintmax_t, fs::file_time_type>> listing(const fs::path& dir) {
  std::map<std::string, std::pair<std::uintmax_t, fs::file_time_type>> files;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    if (entry.is_regular_file()) {
      files[entry.path().string()] = {entry.file_size(), entry.last_write_time()};
    }
  }
  return files;
}

/// The same but for what a reader cannot know of a running writer.
void check_same(const Stats& a, const Stats& b) {
  CHECK(a.outbox_id == b.outbox_id);
  CHECK(a.session == b.session);
  CHECK(a.ledger == b.ledger);
  REQUIRE(a.lanes.size() == b.lanes.size());
  for (std::size_t i = 0; i < a.lanes.size(); ++i) {
    CHECK(a.lanes[i].topic == b.lanes[i].topic);
    CHECK(a.lanes[i].head == b.lanes[i].head);
    CHECK(a.lanes[i].tail == b.lanes[i].tail);
    CHECK(a.lanes[i].ledger == b.lanes[i].ledger);
  }
}

}  // namespace

TEST_CASE("reader: not an outbox") {
  const TempDir dir;
  const auto nothing = Reader::open(dir.path() / "none", Options{});
  CHECK(nothing.status().code() == Code::kNotFound);
  const auto empty = Reader::open(dir.path(), Options{});
  CHECK(empty.status().code() == Code::kNotFound);
  CHECK(empty.status().message().find("is not an outbox") != std::string::npos);

  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* db = nullptr;
  REQUIRE(rocksdb::DB::Open(options, dir.path(), &db).ok());
  delete db;
  const auto foreign = Reader::open(dir.path(), Options{});
  CAPTURE(foreign.status().to_string());
  CHECK(foreign.status().code() == Code::kNotFound);
}

TEST_CASE("reader: sees what a live writer has made durable, call by call") {
  const TempDir dir;
  const auto store = open_store(dir.path());
  REQUIRE(store->append(message("orders", "one"), {}).ok());
  const auto reader = open_reader(dir.path());
  const auto before = reader->stats();
  REQUIRE(before.ok());
  CHECK(before->lanes.at(0).tail == 1);
  CHECK(before->lanes.at(0).state.find("pid ") != std::string::npos);

  REQUIRE(store->append(message("orders", "two"), {}).ok());
  REQUIRE(store->append(message("audit", "three"), {}).ok());
  check_same(*store->stats(), *reader->stats());

  const auto entries = reader->peek("orders", 0, 10);
  REQUIRE(entries.ok());
  REQUIRE(entries->size() == 2);
  CHECK(entries->at(0).seq == 1);
  CHECK(entries->at(1).message.value == "two");
  CHECK(entries->at(1).message.key == "key of two");
  CHECK(entries->at(1).message.headers == std::vector<Header>{{"h", "1"}});
  CHECK(reader->peek("orders", 2, 10)->size() == 1);
  CHECK(reader->peek("orders", 0, 1)->size() == 1);
  CHECK(reader->peek("nothing", 0, 1).status().code() == Code::kNotFound);
}

TEST_CASE("reader: dead letters, purges and progress") {
  const TempDir dir;
  const auto store = open_store(dir.path());
  for (const char* value : {"one", "two", "three", "four"}) {
    REQUIRE(store->append(message("orders", value), {}).ok());
  }
  const auto reader = open_reader(dir.path());
  const LaneId lane = store->lanes().at(0).id;
  Progress progress;
  progress.head = 2;
  progress.through[0] = 1;
  REQUIRE(store->bury(lane, 1, 0, "nobody takes it", progress).ok());
  REQUIRE(store->purge("orders", 3, "an operator").ok());

  const auto letters = reader->dead_letters("", 0, 10);
  REQUIRE(letters.ok());
  REQUIRE(letters->size() == 1);
  CHECK(letters->at(0).reason == "nobody takes it");
  CHECK(letters->at(0).entry.message.value == "one");
  CHECK(reader->dead_letters("orders", 0, 0)->empty());
  CHECK(reader->dead_letters("audit", 0, 10)->empty());
  CHECK(reader->dead_letter("orders", 1).ok());
  CHECK(reader->dead_letter("orders", 2).status().code() == Code::kNotFound);
  const auto purges = reader->purges();
  REQUIRE(purges.ok());
  REQUIRE(purges->size() == 1);
  CHECK(purges->at(0).who == "an operator");
  CHECK(purges->at(0).count == 2);
  CHECK(reader->peek("orders", 0, 10)->size() == 1);
  check_same(*store->stats(), *reader->stats());
}

TEST_CASE("reader: changes nothing, whether somebody holds the outbox or nobody") {
  const TempDir dir;
  const test::ManualClock clock;  // the store syncs nothing by itself meanwhile
  StoreSeams seams;
  seams.clock = &clock;
  auto store = test::open_store(dir.path(), {}, seams);
  for (int i = 0; i < 200; ++i) REQUIRE(store->append(message("orders", "v"), {}).ok());
  const bool held = GENERATE(true, false);
  if (!held) store.reset();
  const auto before = listing(dir.path());
  const auto reader = open_reader(dir.path());
  CHECK(reader->stats()->lanes.at(0).tail == 200);
  CHECK(reader->stats()->lanes.at(0).state ==
        (held ? "known to " + holder(dir.path()) : "no relay"));
  CHECK(reader->peek("orders", 0, 500)->size() == 200);
  CHECK(reader->purges()->empty());
  CHECK((listing(dir.path()) == before));
}

TEST_CASE("reader: works beside a writer that flushes, compacts and drains") {
  const TempDir dir;
  Options options;
  options.write_buffer_bytes = std::size_t{64} << 10;
  auto opened = Store::open(dir.path(), options);
  REQUIRE(opened.ok());
  Store& store = **opened;
  REQUIRE(store.append(message("orders", "first"), {}).ok());
  const LaneId lane = store.lanes().at(0).id;
  const auto reader = open_reader(dir.path());
  std::atomic<bool> stop = false;
  std::jthread writer([&] {
    for (Seq seq = 2; !stop && seq < 3'000; ++seq) {
      if (!store.append(message("orders", std::string(1'000, 'v')), {}).ok()) return;
      if (seq <= 100) continue;
      Progress progress;
      progress.head = seq - 100;
      store.advance(lane, progress, 1);
    }
  });
  Seq tail = 0;
  for (int i = 0; i < 60; ++i) {
    const auto stats = reader->stats();
    INFO(stats.status().to_string());
    REQUIRE(stats.ok());
    REQUIRE(stats->lanes.at(0).tail >= tail);
    tail = stats->lanes.at(0).tail;
    const auto entries = reader->peek("orders", 0, 20);
    INFO(entries.status().to_string());
    REQUIRE(entries.ok());
    REQUIRE_FALSE(entries->empty());
  }
  stop = true;
}

TEST_CASE("store: a second open of the same directory is refused, by name") {
  const TempDir dir;
  const auto store = open_store(dir.path());
  Options options;
  options.open_deadline_ms = std::chrono::milliseconds(0);
  const auto second = Store::open(dir.path(), options);
  REQUIRE(second.status().code() == Code::kBusy);
  CHECK(second.status().message().find("pid ") != std::string::npos);
}

}  // namespace outbox::store

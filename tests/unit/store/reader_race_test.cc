#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"
#include "support/temp_dir.h"
#include "support/wait.h"

namespace outbox::store {
namespace fs = std::filesystem;
using test::TempDir;

namespace {

/// Does something of the caller's just before a WAL is opened to be read.
class MeddlingFs final : public rocksdb::FileSystemWrapper {
 public:
  MeddlingFs() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "MeddlingFs"; }
  rocksdb::IOStatus NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext* context) override {
    if (name.ends_with(".log") && meddle) std::exchange(meddle, nullptr)();
    return FileSystemWrapper::NewSequentialFile(name, options, file, context);
  }

  std::function<void()> meddle;
};

std::set<std::string> wals(const fs::path& dir) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(dir)) {
    if (entry.path().extension() == ".log") names.insert(entry.path().string());
  }
  return names;
}

}  // namespace

TEST_CASE("reader: a memtable flushed, and its WAL removed, between MANIFEST and WALs is seen") {
  const TempDir dir;
  Options options;
  options.write_buffer_bytes = std::size_t{64} << 10;
  auto store = Store::open(dir.path(), options);
  REQUIRE(store.ok());
  Message message;
  message.topic = "orders";
  message.value = std::string(1'000, 'v');
  const std::vector<Message> group(16, message);
  const auto append = [&] { REQUIRE((*store)->append_batch(group).ok()); };
  append();
  const auto meddling = std::make_shared<MeddlingFs>();
  const auto env = rocksdb::NewCompositeEnv(meddling);
  auto reader = Reader::open(dir.path(), options, {.env = env.get()});
  REQUIRE(reader.ok());

  // The reader keeps the WALs open that it knows: it needs a new one.
  const std::set<std::string> known = wals(dir.path());
  while (wals(dir.path()) == known) append();
  bool meddled = false;
  meddling->meddle = [&] {
    meddled = true;
    const std::set<std::string> before = wals(dir.path());
    REQUIRE(test::wait_until(
        [&] {
          append();
          const std::set<std::string> now = wals(dir.path());
          return std::none_of(before.begin(), before.end(),
                              [&](const std::string& name) { return now.contains(name); });
        },
        std::chrono::seconds(20)));
  };
  const auto entries = (*reader)->peek("orders", 0, 100'000);
  REQUIRE(meddled);
  INFO(entries.status().to_string());
  REQUIRE(entries.ok());
  CHECK(entries->back().seq == (*store)->settled_through("orders").value() + entries->size());
  CHECK(entries->size() == (*store)->stats()->lanes.at(0).tail);
}

}  // namespace outbox::store

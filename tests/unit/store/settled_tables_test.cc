// Disk space of what is settled comes back without anything being written anew.
#include <algorithm>
#include <filesystem>
#include <set>

#include "store/table_lanes.h"
#include "support/wait.h"
#include "unit/store/fixture.h"

namespace outbox::test {
namespace {

constexpr std::size_t kValueBytes = 16'384;
constexpr std::size_t kBufferBytes = std::size_t{4} << 20;
// More than one step of the reclaimer, and fewer tables than are merged.
constexpr Seq kEntries = 6'000;
constexpr auto kPatience = std::chrono::seconds(20);

/// Of flushed memtables. A table that is written anew has another name.
std::set<std::string> large_tables(const Disk& disk) {
  std::set<std::string> names;
  for (const auto& each : std::filesystem::directory_iterator(disk.path)) {
    std::error_code gone;
    const auto size = each.file_size(gone);
    if (!gone && each.path().extension() == ".sst" && size > kBufferBytes / 2) {
      names.insert(each.path().filename());
    }
  }
  return names;
}

std::uint64_t table_bytes(const Disk& disk) {
  std::uint64_t bytes = 0;
  for (const auto& each : std::filesystem::directory_iterator(disk.path)) {
    std::error_code gone;
    const auto size = each.file_size(gone);
    if (!gone && each.path().extension() == ".sst") bytes += size;
  }
  return bytes;
}

std::unique_ptr<store::Store> filled(const Disk& disk, const std::vector<std::string>& topics) {
  Options options;
  options.write_buffer_bytes = kBufferBytes;
  auto store = disk.open(options);
  Message message;
  message.value = std::string(kValueBytes, 'x');
  for (Seq seq = 0; seq < kEntries; ++seq) {
    message.topic = topics[seq % topics.size()];
    REQUIRE(store->append(message, {}).ok());
  }
  return store;
}

void settle(store::Store& store, store::LaneId lane, Seq through) {
  store.advance(lane, settled(through), through);
  store.record_soon();
}

std::size_t readable(store::Store& store, store::LaneId lane, Seq from) {
  std::size_t count = 0;
  for (;;) {
    const auto slab = store.read(lane, from + count, 1'000, std::size_t{64} << 20);
    REQUIRE(slab.ok());
    if ((*slab)->entries().empty()) return count;
    REQUIRE((*slab)->entries().front().seq == from + count);
    count += (*slab)->entries().size();
  }
}

}  // namespace

TEST_CASE("reclaim: what is settled goes, what is pending stays and is not written anew") {
  for (const std::vector<std::string>& topics :
       {std::vector<std::string>{"t"}, std::vector<std::string>{"a", "b", "c"}}) {
    const Disk disk;
    auto store = filled(disk, topics);
    // All but the last memtable: what stays pending begins in a table that is there now.
    REQUIRE(wait_until([&] { return table_bytes(disk) > kEntries * kValueBytes * 92 / 100; },
                       kPatience));
    const std::set<std::string> before = large_tables(disk);
    const Seq each = kEntries / topics.size();
    const Seq through = each * 9 / 10;
    for (const std::string& topic : topics) settle(*store, lane_id(*store, topic), through);
    CHECK(wait_until([&] { return table_bytes(disk) < kEntries * kValueBytes / 4; }, kPatience));
    // Not all, for the last memtables may be flushed only now.
    CHECK(std::ranges::any_of(large_tables(disk),
                              [&](const std::string& name) { return before.contains(name); }));
    for (int opened = 0; opened < 2; ++opened) {
      for (const std::string& topic : topics) {
        CHECK(readable(*store, lane_id(*store, topic), through + 1) == each - through);
      }
      store.reset();
      store = disk.open();
    }
  }
}

TEST_CASE("reclaim: a table goes only when every lane in it is settled") {
  const Disk disk;
  auto store = filled(disk, {"a", "b"});
  const Seq each = kEntries / 2;
  settle(*store, lane_id(*store, "a"), each);
  // The reclaimer has looked once it looks again: after the next step.
  settle(*store, lane_id(*store, "b"), each / 2);
  CHECK(wait_until([&] { return table_bytes(disk) < kEntries * kValueBytes * 2 / 3; }, kPatience));
  CHECK(readable(*store, lane_id(*store, "b"), each / 2 + 1) == each - each / 2);
  store.reset();
  store = disk.open();
  CHECK(readable(*store, lane_id(*store, "b"), each / 2 + 1) == each - each / 2);
}

TEST_CASE("reclaim: a table tells its lanes, or nothing") {
  const auto told = [](const std::string& value) {
    return store::table_lanes({{"outbox.lanes", value}});
  };
  CHECK(told({1, 7, 9, 12, 3}) == store::TableLanes{{7, 9}, {12, 3}});
  CHECK_FALSE(told({2, 7, 9}));
  CHECK_FALSE(told({1, 7}));
  CHECK_FALSE(told({}));
  CHECK_FALSE(store::table_lanes({}));
}

}  // namespace outbox::test

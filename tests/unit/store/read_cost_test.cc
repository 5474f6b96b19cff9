// What reading a backlog back costs.
#include <fstream>
#include <string>

#include "unit/store/fixture.h"

namespace outbox::test {
namespace {

/// Bytes that this process has read from files so far, from the page cache or not (proc(5)).
std::uint64_t bytes_read() {
  std::ifstream io("/proc/self/io");
  std::string name;
  std::uint64_t bytes = 0;
  REQUIRE(io >> name >> bytes);
  REQUIRE(name == "rchar:");
  return bytes;
}

/// A backlog of many runs, read in pieces.
struct Backlog {
  std::size_t value_bytes;
  std::size_t batch_entries;
  std::size_t piece_bytes;

  /// How often its bytes are read from files until all of it was read once.
  double times_read() const {
    constexpr std::uint64_t kRuns = 12;
    const Disk disk;
    Options options;
    options.write_buffer_bytes = std::size_t{1} << 20;
    auto store = disk.open(options);
    const std::uint64_t count = kRuns * options.write_buffer_bytes / value_bytes;
    const std::vector<Message> batch(batch_entries, message("t", std::string(value_bytes, 'x')));
    for (std::uint64_t i = 0; i < count; i += batch.size()) {
      REQUIRE(store->append_batch(batch).ok());
    }
    const std::uint64_t before = bytes_read();
    for (Seq next = 1; next <= count;) {
      const auto slab = store->read(1, next, batch_entries, piece_bytes);
      REQUIRE(slab.ok());
      REQUIRE_FALSE((*slab)->entries().empty());
      next = (*slab)->entries().back().seq + 1;
    }
    return static_cast<double>(bytes_read() - before) / static_cast<double>(count * value_bytes);
  }
};

}  // namespace

TEST_CASE("read: many runs are not read anew for every piece of the backlog") {
  const double times = Backlog{1'024, 256, std::size_t{4} << 20}.times_read();
  CHECK(times > 0.5);  // it was not all in memory
  CHECK(times < 4);
}

TEST_CASE("read: of entries as large as a piece only those are read that it gives") {
  const double times = Backlog{std::size_t{256} << 10, 4, std::size_t{300} << 10}.times_read();
  CHECK(times > 0.5);
  CHECK(times < 2.5);
}

}  // namespace outbox::test

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

}  // namespace

TEST_CASE("read: many runs are not read anew for every piece of the backlog") {
  constexpr std::uint64_t kRuns = 12;
  constexpr std::size_t kValueBytes = 1'024;
  constexpr std::size_t kPieceEntries = 256;
  constexpr std::uint64_t kTimesMax = 4;
  const Disk disk;
  Options options;
  options.write_buffer_bytes = std::size_t{1} << 20;
  auto store = disk.open(options);
  const std::uint64_t count = kRuns * options.write_buffer_bytes / kValueBytes;
  const std::vector<Message> batch(kPieceEntries, message("t", std::string(kValueBytes, 'x')));
  for (std::uint64_t i = 0; i < count; i += batch.size()) REQUIRE(store->append_batch(batch).ok());
  const std::uint64_t before = bytes_read();
  for (Seq next = 1; next <= count;) {
    const auto slab = store->read(1, next, kPieceEntries, std::size_t{4} << 20);
    REQUIRE(slab.ok());
    REQUIRE_FALSE((*slab)->entries().empty());
    next = (*slab)->entries().back().seq + 1;
  }
  const std::uint64_t read = bytes_read() - before;
  CHECK(read > count / 2 * kValueBytes);  // it was not all in memory
  CHECK(read < kTimesMax * count * kValueBytes);
}

}  // namespace outbox::test

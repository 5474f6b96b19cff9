#include "store/capacity.h"

#include <catch2/catch.hpp>
#include <future>
#include <random>

#include "store/byte_meter.h"

namespace outbox::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Options limits(std::uint64_t entries, std::uint64_t bytes, WhenFull when_full) {
  Options options;
  options.pending_entries_max = entries;
  options.pending_bytes_max = bytes;
  options.when_full = when_full;
  return options;
}

}  // namespace

TEST_CASE("capacity: refuses at the limit of entries and at that of bytes, and names both") {
  const Options options = limits(3, 100, WhenFull::kRefuse);
  Capacity capacity(options);
  REQUIRE(capacity.take(2, 50, options.when_full).ok());
  CHECK(capacity.take(2, 1, options.when_full).code() == Code::kFull);
  CHECK(capacity.take(1, 51, options.when_full).code() == Code::kFull);
  CHECK(capacity.take(1, 51, options.when_full).message().find("pending_bytes_max is 100") !=
        std::string::npos);
  CHECK(capacity.take(1, 50, options.when_full).ok());
  capacity.give_back(1, 50);
  CHECK(capacity.take(1, 50, options.when_full).ok());
}

TEST_CASE("capacity: what can never fit is refused at once, also when others block") {
  const Options options = limits(3, 100, WhenFull::kBlock);
  Capacity capacity(options);
  CHECK(capacity.take(4, 1, options.when_full).code() == Code::kTooLarge);
  CHECK(capacity.take(1, 101, options.when_full).code() == Code::kTooLarge);
}

TEST_CASE("capacity: a blocked caller goes on when there is room, or gives up at its deadline") {
  Options options = limits(1, 100, WhenFull::kBlock);
  Capacity capacity(options);
  REQUIRE(capacity.take(1, 1, options.when_full).ok());
  options.full_deadline_ms = milliseconds(1);
  CHECK(capacity.take(1, 1, options.when_full).code() == Code::kFull);
  options.full_deadline_ms = seconds(30);
  auto blocked =
      std::async(std::launch::async, [&] { return capacity.take(1, 1, options.when_full); });
  CHECK(blocked.wait_for(milliseconds(20)) == std::future_status::timeout);
  capacity.give_back(1, 1);
  CHECK(blocked.get().ok());
  auto closed =
      std::async(std::launch::async, [&] { return capacity.take(1, 1, options.when_full); });
  CHECK(closed.wait_for(milliseconds(20)) == std::future_status::timeout);
  capacity.close();
  CHECK(closed.get().code() == Code::kClosed);
}

TEST_CASE("capacity: what was there at open counts, though it may be over the limit") {
  const Options options = limits(10, 100, WhenFull::kRefuse);
  Capacity capacity(options);
  capacity.start_with(12, 100);
  CHECK(capacity.take(1, 0, options.when_full).code() == Code::kFull);
  capacity.give_back(3, 100);
  CHECK(capacity.take(1, 100, options.when_full).ok());
}

TEST_CASE("byte meter: everything that was appended is settled, whatever the steps") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  ByteMeter meter;
  std::uint64_t appended = 5'000;
  std::uint64_t settled = 0;
  Seq tail = 10;
  Seq head = 1;
  meter.restart(1, tail, appended);
  for (int i = 0; i < 200'000; ++i) {
    const Seq entries = 1 + random() % 40;
    const std::uint64_t bytes = entries * (1 + random() % 200);
    meter.appended(tail + 1, tail + entries, bytes);
    tail += entries;
    appended += bytes;
    if (random() % 3 == 0) head += random() % (tail + 2 - head);
    settled += meter.settle_below(head);
    REQUIRE(meter.pending_bytes() == appended - settled);
  }
  settled += meter.settle_below(tail + 1);
  CHECK(settled == appended);
  CHECK(meter.pending_bytes() == 0);
}

TEST_CASE("byte meter: exact at its points, near between them") {
  ByteMeter meter;
  for (Seq seq = 1; seq <= 100'000; ++seq) meter.appended(seq, seq, seq <= 50'000 ? 100 : 1'000);
  CHECK(meter.settle_below(50'001) == Approx(5'000'000).epsilon(0.05));
  CHECK(meter.pending_bytes() == Approx(50'000'000).epsilon(0.05));
}

}  // namespace outbox::store

#include "inbox/start.h"

#include <catch2/catch.hpp>
#include <vector>

namespace outbox::inbox {
namespace {

StartFacts facts() {
  StartFacts out;
  out.metadata = commit_metadata("ours");
  out.low = 100;
  out.high = 1'000;
  out.window = 50;
  return out;
}

TEST_CASE("start: our own commit is a hint, the local position wins") {
  StartFacts known = facts();
  known.local = 700;
  for (const std::int64_t committed : {600, 700, 800}) {
    known.committed = CommittedOffset{committed, commit_metadata("ours")};
    CHECK(choose_start(known) == Start{700, 700, true});
  }
  known.committed.reset();  // Kafka forgets commits
  CHECK(choose_start(known) == Start{700, 700, true});
}

TEST_CASE("start: of another store's commit and the local position the further one") {
  StartFacts known = facts();
  known.committed = CommittedOffset{600, commit_metadata("theirs")};
  CHECK(choose_start(known) == Start{600, 550, false});
  known.local = 500;
  CHECK(choose_start(known) == Start{600, 550, false});
  known.local = 700;
  CHECK(choose_start(known) == Start{700, 700, true});
}

TEST_CASE("start: when nothing is known, as the option says") {
  StartFacts known = facts();
  CHECK(choose_start(known) == Start{100, 100, false});
  known.from_latest = true;
  CHECK(choose_start(known) == Start{1'000, 950, false});
}

TEST_CASE("start: what is read back begins no earlier than Kafka has it") {
  StartFacts known = facts();
  known.committed = CommittedOffset{120, ""};
  CHECK(choose_start(known) == Start{120, 100, false});
  known.committed->offset = 60;  // out of range itself
  CHECK(choose_start(known) == Start{60, 60, false});
}

TEST_CASE("start: a lost range is named, on either side") {
  CHECK_FALSE(out_of_range(100, 100, 1'000));
  CHECK_FALSE(out_of_range(1'000, 100, 1'000));
  CHECK(out_of_range(60, 100, 1'000) == OutOfRange{60, 99, false});
  CHECK(out_of_range(1'010, 100, 1'000) == OutOfRange{1'000, 1'009, true});
  CHECK(describe({60, 99, false}).find("60..99") != std::string::npos);
  CHECK(describe({1'000, 1'009, true}).find("1000..1009") != std::string::npos);
}

TEST_CASE("start: what another store did again from an older commit is counted") {
  StartFacts known = facts();
  known.local = 700;
  known.committed = CommittedOffset{900, commit_metadata("ours")};
  CHECK(repeats_of(known, 650, {}) == 0);
  known.committed->metadata = commit_metadata("theirs");
  CHECK(repeats_of(known, 650, {}) == 50);
  CHECK(repeats_of(known, 700, {}) == 0);
  known.committed->offset = 680;  // what it did beyond that it counts itself
  CHECK(repeats_of(known, 650, {}) == 30);
  known.committed->offset = 640;  // from before we had it
  CHECK(repeats_of(known, 650, {}) == 0);
  known.committed->offset = 900;
  known.local.reset();
  CHECK(repeats_of(known, 650, {}) == 0);
}

TEST_CASE("start: so is what was finished above the position") {
  const std::vector<std::int64_t> done{702, 705, 899, 900, 950};
  StartFacts known = facts();
  known.local = 700;
  known.committed = CommittedOffset{900, commit_metadata("ours")};
  CHECK(repeats_of(known, 650, done) == 0);
  known.committed->metadata = commit_metadata("theirs");
  CHECK(repeats_of(known, 650, done) == 53);  // 900 and 950 are known as done when they come
  known.committed->offset = 700;
  CHECK(repeats_of(known, 650, done) == 50);
  known.committed->offset = 1'000;
  known.local.reset();  // nothing but done-marks was written before the kill
  CHECK(repeats_of(known, 0, done) == 5);
}

}  // namespace
}  // namespace outbox::inbox

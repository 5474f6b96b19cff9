#include "inbox/watermark.h"

#include <catch2/catch.hpp>
#include <map>
#include <vector>

#include "model/rng.h"
#include "support/campaign.h"

namespace outbox::inbox {
namespace {

/// The same with a map: slow and plain.
struct Plain {
  std::map<std::int64_t, bool> applied;  ///< by offset, all that was ever delivered
  std::int64_t position(std::int64_t next) const {
    for (const auto& [offset, done] : applied) {
      if (!done) return offset;
    }
    return next;
  }
};

TEST_CASE("watermark: it never passes a message that is not applied, and misses no other") {
  outbox::test::Campaign campaign("inbox-watermark", 200);
  while (campaign.next()) {
    model::Rng rng(campaign.seed());
    INFO(campaign.replay());
    const std::int64_t begin = rng.between(0, 1'000);
    Watermark watermark(begin);
    Plain plain;
    std::vector<std::int64_t> working;
    std::int64_t next = begin;
    for (int i = 0; i < 500; ++i) {
      if (working.empty() || rng.one_in(2)) {
        const std::int64_t offset = next + (rng.one_in(4) ? rng.between(1, 5) : 0);
        const bool duplicate = rng.one_in(5);
        watermark.deliver({offset, std::nullopt, 0, duplicate, false});
        plain.applied[offset] = duplicate;
        if (!duplicate) working.push_back(offset);
        next = offset + 1;
        continue;
      }
      const std::size_t which = rng.below(working.size());
      const std::int64_t offset = working[which];
      working.erase(working.begin() + static_cast<std::ptrdiff_t>(which));
      plain.applied[offset] = true;
      const std::size_t passing = watermark.passing(offset);
      if (passing == 0) {
        REQUIRE(plain.position(next) < offset);
        watermark.find(offset)->applied = true;
        continue;
      }
      const std::int64_t after = watermark.position_after(passing);
      watermark.pass(passing);
      REQUIRE(watermark.position() == after);
      REQUIRE(after == plain.position(next));
    }
    while (!working.empty()) {
      watermark.find(working.back())->applied = true;
      working.pop_back();
    }
    watermark.pass(watermark.passing(-1));
    CHECK(watermark.position() == next);
    CHECK(watermark.held() == 0);
  }
}

TEST_CASE("watermark: holes between delivered offsets are no work") {
  Watermark watermark(10);
  watermark.deliver({12, std::nullopt, 0, false, false});
  watermark.deliver({20, std::nullopt, 0, false, false});
  CHECK(watermark.find(11) == nullptr);
  CHECK(watermark.passing(20) == 0);
  CHECK(watermark.passing(12) == 1);
  CHECK(watermark.position_after(1) == 20);
  watermark.find(20)->applied = true;
  CHECK(watermark.passing(12) == 2);
  CHECK(watermark.position_after(2) == 21);
}

}  // namespace
}  // namespace outbox::inbox

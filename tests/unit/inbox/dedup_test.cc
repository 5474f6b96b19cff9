#include "inbox/dedup.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <utility>

#include "support/campaign.h"
#include "unit/inbox/relay_log.h"

namespace outbox::inbox {
namespace {

using test::RelayLog;

constexpr DedupLimits kWide{1'000, 1'000'000, 1'000};
constexpr std::uint32_t kOutbox = 0xab;

MessageId id(std::uint64_t session, Seq seq, Seq prev) { return {kOutbox, session, seq, prev}; }

Verdict verdict(Dedup& dedup, const MessageId& message, std::int64_t now_ms = 0) {
  return dedup.judge(message, now_ms).verdict;
}

bool taken(Verdict verdict) { return verdict != Verdict::kDuplicate; }

/// What is in the log for the first time, by remembering everything.
class Everything {
 public:
  bool takes(const MessageId& message) {
    return seen_.insert({message.session, message.seq}).second;
  }

 private:
  std::set<std::pair<std::uint64_t, Seq>> seen_;
};

/// As it comes back from a store.
Dedup restored(const Dedup& dedup, const DedupLimits& limits) {
  Dedup out(limits);
  for (const auto& [key, state] : dedup.sessions()) out.restore(key, state);
  return out;
}

TEST_CASE("dedup: each message is taken exactly once, whatever the relay goes through") {
  outbox::test::Campaign campaign("inbox-dedup", 300);
  RelayLog::Happened all;
  while (campaign.next()) {
    RelayLog log(campaign.seed());
    for (int i = 0; i < 60; ++i) log.step();
    Dedup dedup(kWide);
    Everything everything;
    model::Rng rng(campaign.seed());
    INFO(campaign.replay());
    for (std::size_t at = 0; at < log.log().size(); ++at) {
      const MessageId& message = log.log()[at];
      if (rng.one_in(50)) dedup = restored(dedup, kWide);
      const bool first = everything.takes(message);
      const bool did = taken(verdict(dedup, message));
      INFO("at " << at << ": session " << message.session << ", seq " << message.seq << " after "
                 << message.prev);
      if (did != first) FAIL((first ? "a first one was dropped" : "a repeat was taken"));
      for (const auto& [key, state] : dedup.sessions()) {
        if (state.gaps.ranges().size() > Gaps::kRangesMax) FAIL("more gaps than the limit");
      }
    }
    const auto& happened = log.happened();
    all.repeats += happened.repeats;
    all.interleaved += happened.interleaved;
    all.exchanged += happened.exchanged;
    all.sessions += happened.sessions;
    all.copies += happened.copies;
    all.dead += happened.dead;
  }
  CHECK(std::min(
            {all.repeats, all.interleaved, all.exchanged, all.sessions, all.copies, all.dead}) > 0);
}

TEST_CASE("dedup: a gap is told once, lets its numbers through and closes") {
  Dedup dedup(kWide);
  CHECK(verdict(dedup, id(1, 1, 0)) == Verdict::kNew);
  const Judgement jump = dedup.judge(id(1, 9, 7), 0);
  CHECK(jump.verdict == Verdict::kNew);
  CHECK(jump.opened == Range{2, 7});
  CHECK(verdict(dedup, id(1, 5, 3)) == Verdict::kLate);  // so there is no 4
  CHECK(verdict(dedup, id(1, 5, 3)) == Verdict::kDuplicate);
  CHECK(verdict(dedup, id(1, 4, 3)) == Verdict::kDuplicate);
  CHECK(verdict(dedup, id(1, 7, 5)) == Verdict::kLate);
  CHECK(verdict(dedup, id(1, 3, 1)) == Verdict::kLate);
  CHECK(dedup.sessions().begin()->second.gaps.empty());
  CHECK(dedup.counts().gaps_opened == 1);
  CHECK(dedup.counts().late == 3);
  CHECK(dedup.counts().duplicates == 2);
}

TEST_CASE("dedup: a dead letter that was named as predecessor leaves no gap behind") {
  Dedup dedup(kWide);
  CHECK(verdict(dedup, id(1, 1, 0)) == Verdict::kNew);
  CHECK(dedup.judge(id(1, 3, 2), 0).opened == Range{2, 2});
  CHECK(verdict(dedup, id(1, 3, 1)) == Verdict::kDuplicate);  // 2 has died: it names 1 now
  CHECK(dedup.sessions().begin()->second.gaps.empty());
}

TEST_CASE("dedup: a gap before a new session is seen, and filled under either session") {
  Dedup dedup(kWide);
  CHECK(verdict(dedup, id(1, 8, 0)) == Verdict::kNew);
  CHECK(dedup.judge(id(2, 12, 10), 0).opened == Range{9, 10});
  CHECK(verdict(dedup, id(1, 9, 8)) == Verdict::kLate);
  CHECK(verdict(dedup, id(2, 10, 9)) == Verdict::kLate);
  CHECK(verdict(dedup, id(1, 9, 8)) == Verdict::kDuplicate);
  CHECK(verdict(dedup, id(2, 10, 9)) == Verdict::kDuplicate);
}

TEST_CASE("dedup: a restored outbox is no gap, and none of its messages a duplicate") {
  Dedup dedup(kWide);
  CHECK(verdict(dedup, id(1, 1'000, 999)) == Verdict::kNew);
  const Judgement restored_first = dedup.judge(id(2, 501, 500), 0);
  CHECK(restored_first.verdict == Verdict::kNew);
  CHECK_FALSE(restored_first.opened);
  CHECK(verdict(dedup, id(2, 1'000, 501)) == Verdict::kNew);
}

TEST_CASE("dedup: beyond the limit of gaps nothing is lost, and it is counted") {
  Dedup dedup(kWide);
  constexpr Seq kCount = 10 * Gaps::kRangesMax;
  for (Seq seq = 2; seq <= kCount; seq += 2) CHECK(taken(verdict(dedup, id(1, seq, seq - 1))));
  CHECK(dedup.counts().gaps_merged > 0);
  for (Seq seq = 1; seq <= kCount; seq += 2) CHECK(taken(verdict(dedup, id(1, seq, seq - 1))));
}

TEST_CASE("dedup: a session is forgotten when newer ones are there and it was idle") {
  Dedup dedup(DedupLimits{2, 100, 1'000});
  DedupChanges changes;
  for (std::uint64_t session = 1; session <= 3; ++session) {
    dedup.judge(id(session, session, session - 1), 0, &changes);
  }
  CHECK(dedup.sessions().size() == 3);  // not idle for long enough
  CHECK(dedup.judge(id(1, 1, 0), 101).verdict == Verdict::kDuplicate);
  dedup.judge(id(4, 4, 3), 150, &changes);
  CHECK(changes.forgotten == std::vector<SessionKey>{{kOutbox, 2}});
  CHECK(dedup.sessions().contains({kOutbox, 1}));  // used
  CHECK(dedup.counts().sessions_forgotten == 1);
  // What is forgotten may come again: the window is the contract.
  CHECK(verdict(dedup, id(2, 2, 1), 150) == Verdict::kNew);
}

TEST_CASE("dedup: the number of sessions is bounded, the least recently used go first") {
  Dedup dedup(DedupLimits{1'000, 1'000'000, 8});
  DedupChanges changes;
  for (std::uint32_t outbox = 1; outbox <= 8; ++outbox) {
    dedup.judge({outbox, 1, 1, 0}, outbox, &changes);
  }
  dedup.judge({1, 1, 2, 1}, 100, &changes);
  CHECK(changes.forgotten.empty());
  dedup.judge({9, 1, 1, 0}, 101, &changes);
  CHECK(dedup.sessions().size() == 8);
  CHECK(changes.forgotten == std::vector<SessionKey>{{2, 1}});
}

}  // namespace
}  // namespace outbox::inbox
